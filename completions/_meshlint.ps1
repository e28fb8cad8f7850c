
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'meshlint' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'meshlint'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'meshlint' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check Istio configuration')
            [CompletionResult]::new('render', 'render', [CompletionResultType]::ParameterValue, 'Show the Envoy configuration that istiod would push')
            [CompletionResult]::new('trace', 'trace', [CompletionResultType]::ParameterValue, 'Show what the proxies of the mesh do with a request, and why')
            [CompletionResult]::new('proxy', 'proxy', [CompletionResultType]::ParameterValue, 'Run the proxies of the mesh on this machine')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Test routes and policies')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show what a change to the files changes in the configuration of proxies')
            [CompletionResult]::new('parse', 'parse', [CompletionResultType]::ParameterValue, 'Show how Kubernetes reads a file')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain a rule')
            [CompletionResult]::new('rules', 'rules', [CompletionResultType]::ParameterValue, 'List the rules')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the JSON Schema of a kind')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a script that completes meshlint''s arguments in a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a manual page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'meshlint;check' {
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Files and folders that are read, too, so that the others can be judged, but are not checked themselves')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Ask only these rules: names, codes such as IST0101 or KIA1107, or categories')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not ask these rules')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Fail if there are findings of this severity or a worse one [default: error]')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Do not report the findings that are in this file')
            [CompletionResult]::new('--write-baseline', '--write-baseline', [CompletionResultType]::ParameterName, 'Report nothing, but write all findings to this file, for `--baseline`')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--cluster-domain', '--cluster-domain', [CompletionResultType]::ParameterName, 'DNS domain of the cluster [default: cluster.local]')
            [CompletionResult]::new('--mesh-config', '--mesh-config', [CompletionResultType]::ParameterName, 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input')
            [CompletionResult]::new('--istio-version', '--istio-version', [CompletionResultType]::ParameterName, 'Version of Istio that the files are for [default: the latest that is known]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How findings are written')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report to this file instead of standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to this file instead of standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not look for a configuration file')
            [CompletionResult]::new('--assume-complete', '--assume-complete', [CompletionResultType]::ParameterName, 'Take what is not in the input for missing, even where the input may not be all there is')
            [CompletionResult]::new('--fix', '--fix', [CompletionResultType]::ParameterName, 'Correct in the files what has one right answer, then report what is left')
            [CompletionResult]::new('--diff', '--diff', [CompletionResultType]::ParameterName, 'Show what `--fix` would change, and change nothing; fails if there is something')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Write findings and errors only: no notes, no summary')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Write findings and errors only: no notes, no summary')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshlint;render' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print it [default: table on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print it [default: table on a terminal, else json]')
            [CompletionResult]::new('--workload', '--workload', [CompletionResultType]::ParameterName, 'The sidecar of this pod, Deployment, StatefulSet, …: `namespace/name`, or `name` in the default namespace')
            [CompletionResult]::new('--gateway', '--gateway', [CompletionResultType]::ParameterName, 'The proxy that serves this Gateway, or the gateway workload of this name')
            [CompletionResult]::new('--proxies', '--proxies', [CompletionResultType]::ParameterName, 'JSON file with a list of proxies: key, name, type, namespace, labels, ip, serviceAccount, locality, meta')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Only this one of the proxies, by its key')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'A proxy that is in no file; in the namespace of `--namespace`')
            [CompletionResult]::new('--labels', '--labels', [CompletionResultType]::ParameterName, 'Its labels: `app=web,version=v1`')
            [CompletionResult]::new('--ip', '--ip', [CompletionResultType]::ParameterName, 'Its address')
            [CompletionResult]::new('--service-account', '--service-account', [CompletionResultType]::ParameterName, 'Its service account')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Only these kinds of resources')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Only the listener, route configuration or cluster of this name')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Only what is for this port')
            [CompletionResult]::new('--fqdn', '--fqdn', [CompletionResultType]::ParameterName, 'Only clusters and endpoints of this host, and virtual hosts for it')
            [CompletionResult]::new('--subset', '--subset', [CompletionResultType]::ParameterName, 'Only clusters and endpoints of this subset')
            [CompletionResult]::new('--bind', '--bind', [CompletionResultType]::ParameterName, 'Where it listens')
            [CompletionResult]::new('--first-port', '--first-port', [CompletionResultType]::ParameterName, 'With `--bind loopback`: the port of the first listener, others follow')
            [CompletionResult]::new('--admin-port', '--admin-port', [CompletionResultType]::ParameterName, 'Open Envoy''s admin interface on this port of 127.0.0.1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--cluster-domain', '--cluster-domain', [CompletionResultType]::ParameterName, 'DNS domain of the cluster [default: cluster.local]')
            [CompletionResult]::new('--mesh-config', '--mesh-config', [CompletionResultType]::ParameterName, 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input')
            [CompletionResult]::new('--istio-version', '--istio-version', [CompletionResultType]::ParameterName, 'Version of Istio that the files are for [default: the latest that is known]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List the proxies instead')
            [CompletionResult]::new('--provenance', '--provenance', [CompletionResultType]::ParameterName, 'Print as JSON which places in the files each part comes from instead')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not look for a configuration file')
            [CompletionResult]::new('--assume-complete', '--assume-complete', [CompletionResultType]::ParameterName, 'Take what is not in the input for missing, even where the input may not be all there is')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshlint;trace' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print it')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'The workload that sends: `namespace/name` of a pod, Deployment, StatefulSet, …')
            [CompletionResult]::new('--gateway', '--gateway', [CompletionResultType]::ParameterName, 'The Gateway, or gateway workload, that the client sends to; the port of the URL is that of its Service')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header: `name: value`')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header: `name: value`')
            [CompletionResult]::new('--sni', '--sni', [CompletionResultType]::ParameterName, 'The server name in TLS [default: the host of the URL]')
            [CompletionResult]::new('--source-ip', '--source-ip', [CompletionResultType]::ParameterName, 'The address of a client outside of the files')
            [CompletionResult]::new('--principal', '--principal', [CompletionResultType]::ParameterName, 'The identity in the client''s certificate, as `spiffe://cluster.local/ns/shop/sa/web`')
            [CompletionResult]::new('--jwt', '--jwt', [CompletionResultType]::ParameterName, 'A token, sent as `Authorization: Bearer`; it is verified as of now')
            [CompletionResult]::new('--claims', '--claims', [CompletionResultType]::ParameterName, 'The claims of a token that is taken for valid, as a JSON object')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--cluster-domain', '--cluster-domain', [CompletionResultType]::ParameterName, 'DNS domain of the cluster [default: cluster.local]')
            [CompletionResult]::new('--mesh-config', '--mesh-config', [CompletionResultType]::ParameterName, 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input')
            [CompletionResult]::new('--istio-version', '--istio-version', [CompletionResultType]::ParameterName, 'Version of Istio that the files are for [default: the latest that is known]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('--http2', '--http2', [CompletionResultType]::ParameterName, 'Send HTTP/2')
            [CompletionResult]::new('--trust-jwt', '--trust-jwt', [CompletionResultType]::ParameterName, 'Take tokens for genuine: look neither at their signatures nor at their times')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not look for a configuration file')
            [CompletionResult]::new('--assume-complete', '--assume-complete', [CompletionResultType]::ParameterName, 'Take what is not in the input for missing, even where the input may not be all there is')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshlint;proxy' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'A static bootstrap of Envoy in YAML or JSON, instead of files of a mesh; or, if it is a number, how many clients `--send` sends from [default: 1]')
            [CompletionResult]::new('--gateway', '--gateway', [CompletionResultType]::ParameterName, 'The proxy that serves this Gateway, or the gateway workload of this name')
            [CompletionResult]::new('--workload', '--workload', [CompletionResultType]::ParameterName, 'The sidecar of this pod, Deployment, StatefulSet, …')
            [CompletionResult]::new('--map', '--map', [CompletionResultType]::ParameterName, 'Serve a port of the configuration at another: `80=8000`')
            [CompletionResult]::new('--bind', '--bind', [CompletionResultType]::ParameterName, 'The address of listeners')
            [CompletionResult]::new('--admin-port', '--admin-port', [CompletionResultType]::ParameterName, 'Open Envoy''s admin interface at this port; those of several proxies have the ports that follow')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Threads that serve')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Make every random choice the same in each run')
            [CompletionResult]::new('--time-scale', '--time-scale', [CompletionResultType]::ParameterName, 'How long a second of the configuration lasts, in seconds: with 0.01, an ejection of 30 s is over after 0.3 s')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'A server of yours in place of an echo: HOST is that of a Service, of a workload, or an address')
            [CompletionResult]::new('--echo-error', '--echo-error', [CompletionResultType]::ParameterName, 'Make echoes fail: `web=503`, `web,version=v2=500=20%`, `shop/web=reset`; the name is that of a workload, of its Service, or its label `app`, and `*` is any')
            [CompletionResult]::new('--echo-delay', '--echo-delay', [CompletionResultType]::ParameterName, 'Make echoes wait before they answer: `web,version=v2=2s=50%`')
            [CompletionResult]::new('--send', '--send', [CompletionResultType]::ParameterName, 'Send so many requests, count what comes back, and end')
            [CompletionResult]::new('--qps', '--qps', [CompletionResultType]::ParameterName, 'So many requests in a second at most')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Who sends: a workload, `namespace/name`; a gateway stands for the clients outside that send to it [default: of one proxy that; of the mesh a client without a proxy]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'The method [default: GET, or POST with a body]')
            [CompletionResult]::new('--method', '--method', [CompletionResultType]::ParameterName, 'The method [default: GET, or POST with a body]')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header: `name: value`')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header: `name: value`')
            [CompletionResult]::new('--send-body', '--send-body', [CompletionResultType]::ParameterName, 'What is sent; to `tcp://` and `tls://` URLs `hello` if absent')
            [CompletionResult]::new('--sni', '--sni', [CompletionResultType]::ParameterName, 'The server name in TLS [default: the host of the URL]')
            [CompletionResult]::new('--principal', '--principal', [CompletionResultType]::ParameterName, 'Show a certificate of the authority for tests with this name, as `spiffe://cluster.local/ns/shop/sa/web`')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'Show the certificate in this file')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The key of the certificate')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long an answer is waited for')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what came back')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--cluster-domain', '--cluster-domain', [CompletionResultType]::ParameterName, 'DNS domain of the cluster [default: cluster.local]')
            [CompletionResult]::new('--mesh-config', '--mesh-config', [CompletionResultType]::ParameterName, 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input')
            [CompletionResult]::new('--istio-version', '--istio-version', [CompletionResultType]::ParameterName, 'Version of Istio that the files are for [default: the latest that is known]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('--mesh', '--mesh', [CompletionResultType]::ParameterName, 'All gateways and sidecars, which send to each other with mutual TLS; the default where no proxy is named')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Put files into force when they change, without closing connections')
            [CompletionResult]::new('--http2', '--http2', [CompletionResultType]::ParameterName, 'Send HTTP/2')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not look for a configuration file')
            [CompletionResult]::new('--assume-complete', '--assume-complete', [CompletionResultType]::ParameterName, 'Take what is not in the input for missing, even where the input may not be all there is')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshlint;test' {
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Run only tests whose name contains this')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print it')
            [CompletionResult]::new('--fail-under', '--fail-under', [CompletionResultType]::ParameterName, 'Fail if the tests reach fewer of the routes and policies, in percent')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--cluster-domain', '--cluster-domain', [CompletionResultType]::ParameterName, 'DNS domain of the cluster [default: cluster.local]')
            [CompletionResult]::new('--mesh-config', '--mesh-config', [CompletionResultType]::ParameterName, 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input')
            [CompletionResult]::new('--istio-version', '--istio-version', [CompletionResultType]::ParameterName, 'Version of Istio that the files are for [default: the latest that is known]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('--live', '--live', [CompletionResultType]::ParameterName, 'Send the requests through proxies that run, too, and compare')
            [CompletionResult]::new('--coverage', '--coverage', [CompletionResultType]::ParameterName, 'Show which routes and policies no test reaches')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not look for a configuration file')
            [CompletionResult]::new('--assume-complete', '--assume-complete', [CompletionResultType]::ParameterName, 'Take what is not in the input for missing, even where the input may not be all there is')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshlint;diff' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to show it')
            [CompletionResult]::new('--workload', '--workload', [CompletionResultType]::ParameterName, 'The sidecar of this pod, Deployment, StatefulSet, …: `namespace/name`, or `name` in the default namespace')
            [CompletionResult]::new('--gateway', '--gateway', [CompletionResultType]::ParameterName, 'The proxy that serves this Gateway, or the gateway workload of this name')
            [CompletionResult]::new('--proxies', '--proxies', [CompletionResultType]::ParameterName, 'JSON file with a list of proxies: key, name, type, namespace, labels, ip, serviceAccount, locality, meta')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Only this one of the proxies, by its key')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'A proxy that is in no file; in the namespace of `--namespace`')
            [CompletionResult]::new('--labels', '--labels', [CompletionResultType]::ParameterName, 'Its labels: `app=web,version=v1`')
            [CompletionResult]::new('--ip', '--ip', [CompletionResultType]::ParameterName, 'Its address')
            [CompletionResult]::new('--service-account', '--service-account', [CompletionResultType]::ParameterName, 'Its service account')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of resources that name none [default: default]')
            [CompletionResult]::new('--cluster-domain', '--cluster-domain', [CompletionResultType]::ParameterName, 'DNS domain of the cluster [default: cluster.local]')
            [CompletionResult]::new('--mesh-config', '--mesh-config', [CompletionResultType]::ParameterName, 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input')
            [CompletionResult]::new('--istio-version', '--istio-version', [CompletionResultType]::ParameterName, 'Version of Istio that the files are for [default: the latest that is known]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit with 1 if there are differences')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not look for a configuration file')
            [CompletionResult]::new('--assume-complete', '--assume-complete', [CompletionResultType]::ParameterName, 'Take what is not in the input for missing, even where the input may not be all there is')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshlint;parse' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Refuse duplicate keys')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshlint;explain' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshlint;rules' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to write the list')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('--peers', '--peers', [CompletionResultType]::ParameterName, 'List the codes of `istioctl analyze` and Kiali instead, and which rules find the same')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshlint;schema' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshlint;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'meshlint;man' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'meshlint;help' {
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check Istio configuration')
            [CompletionResult]::new('render', 'render', [CompletionResultType]::ParameterValue, 'Show the Envoy configuration that istiod would push')
            [CompletionResult]::new('trace', 'trace', [CompletionResultType]::ParameterValue, 'Show what the proxies of the mesh do with a request, and why')
            [CompletionResult]::new('proxy', 'proxy', [CompletionResultType]::ParameterValue, 'Run the proxies of the mesh on this machine')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Test routes and policies')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show what a change to the files changes in the configuration of proxies')
            [CompletionResult]::new('parse', 'parse', [CompletionResultType]::ParameterValue, 'Show how Kubernetes reads a file')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain a rule')
            [CompletionResult]::new('rules', 'rules', [CompletionResultType]::ParameterValue, 'List the rules')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the JSON Schema of a kind')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a script that completes meshlint''s arguments in a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a manual page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'meshlint;help;check' {
            break
        }
        'meshlint;help;render' {
            break
        }
        'meshlint;help;trace' {
            break
        }
        'meshlint;help;proxy' {
            break
        }
        'meshlint;help;test' {
            break
        }
        'meshlint;help;diff' {
            break
        }
        'meshlint;help;parse' {
            break
        }
        'meshlint;help;explain' {
            break
        }
        'meshlint;help;rules' {
            break
        }
        'meshlint;help;schema' {
            break
        }
        'meshlint;help;completions' {
            break
        }
        'meshlint;help;man' {
            break
        }
        'meshlint;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
