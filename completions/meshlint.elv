
use builtin;
use str;

set edit:completion:arg-completer[meshlint] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'meshlint'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'meshlint'= {
            cand --color 'When to use colors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand check 'Check Istio configuration'
            cand render 'Show the Envoy configuration that istiod would push'
            cand trace 'Show what the proxies of the mesh do with a request, and why'
            cand proxy 'Run the proxies of the mesh on this machine'
            cand test 'Test routes and policies'
            cand diff 'Show what a change to the files changes in the configuration of proxies'
            cand parse 'Show how Kubernetes reads a file'
            cand explain 'Explain a rule'
            cand rules 'List the rules'
            cand schema 'Print the JSON Schema of a kind'
            cand completions 'Print a script that completes meshlint''s arguments in a shell'
            cand man 'Print a manual page'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'meshlint;check'= {
            cand --context 'Files and folders that are read, too, so that the others can be judged, but are not checked themselves'
            cand --config 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository'
            cand --select 'Ask only these rules: names, codes such as IST0101 or KIA1107, or categories'
            cand --ignore 'Do not ask these rules'
            cand --fail-on 'Fail if there are findings of this severity or a worse one [default: error]'
            cand --baseline 'Do not report the findings that are in this file'
            cand --write-baseline 'Report nothing, but write all findings to this file, for `--baseline`'
            cand -n 'Namespace of resources that name none [default: default]'
            cand --namespace 'Namespace of resources that name none [default: default]'
            cand --cluster-domain 'DNS domain of the cluster [default: cluster.local]'
            cand --mesh-config 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input'
            cand --istio-version 'Version of Istio that the files are for [default: the latest that is known]'
            cand --format 'How findings are written'
            cand -o 'Write the report to this file instead of standard output'
            cand --output 'Write the report to this file instead of standard output'
            cand --color 'When to use colors'
            cand --no-config 'Do not look for a configuration file'
            cand --assume-complete 'Take what is not in the input for missing, even where the input may not be all there is'
            cand --fix 'Correct in the files what has one right answer, then report what is left'
            cand --diff 'Show what `--fix` would change, and change nothing; fails if there is something'
            cand -q 'Write findings and errors only: no notes, no summary'
            cand --quiet 'Write findings and errors only: no notes, no summary'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;render'= {
            cand -o 'How to print it [default: table on a terminal, else json]'
            cand --output 'How to print it [default: table on a terminal, else json]'
            cand --workload 'The sidecar of this pod, Deployment, StatefulSet, …: `namespace/name`, or `name` in the default namespace'
            cand --gateway 'The proxy that serves this Gateway, or the gateway workload of this name'
            cand --proxies 'JSON file with a list of proxies: key, name, type, namespace, labels, ip, serviceAccount, locality, meta'
            cand --proxy 'Only this one of the proxies, by its key'
            cand --type 'A proxy that is in no file; in the namespace of `--namespace`'
            cand --labels 'Its labels: `app=web,version=v1`'
            cand --ip 'Its address'
            cand --service-account 'Its service account'
            cand --only 'Only these kinds of resources'
            cand --name 'Only the listener, route configuration or cluster of this name'
            cand --port 'Only what is for this port'
            cand --fqdn 'Only clusters and endpoints of this host, and virtual hosts for it'
            cand --subset 'Only clusters and endpoints of this subset'
            cand --bind 'Where it listens'
            cand --first-port 'With `--bind loopback`: the port of the first listener, others follow'
            cand --admin-port 'Open Envoy''s admin interface on this port of 127.0.0.1'
            cand --config 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository'
            cand -n 'Namespace of resources that name none [default: default]'
            cand --namespace 'Namespace of resources that name none [default: default]'
            cand --cluster-domain 'DNS domain of the cluster [default: cluster.local]'
            cand --mesh-config 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input'
            cand --istio-version 'Version of Istio that the files are for [default: the latest that is known]'
            cand --color 'When to use colors'
            cand --list 'List the proxies instead'
            cand --provenance 'Print as JSON which places in the files each part comes from instead'
            cand --no-config 'Do not look for a configuration file'
            cand --assume-complete 'Take what is not in the input for missing, even where the input may not be all there is'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;trace'= {
            cand --format 'How to print it'
            cand --from 'The workload that sends: `namespace/name` of a pod, Deployment, StatefulSet, …'
            cand --gateway 'The Gateway, or gateway workload, that the client sends to; the port of the URL is that of its Service'
            cand -H 'A header: `name: value`'
            cand --header 'A header: `name: value`'
            cand --sni 'The server name in TLS [default: the host of the URL]'
            cand --source-ip 'The address of a client outside of the files'
            cand --principal 'The identity in the client''s certificate, as `spiffe://cluster.local/ns/shop/sa/web`'
            cand --jwt 'A token, sent as `Authorization: Bearer`; it is verified as of now'
            cand --claims 'The claims of a token that is taken for valid, as a JSON object'
            cand --config 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository'
            cand -n 'Namespace of resources that name none [default: default]'
            cand --namespace 'Namespace of resources that name none [default: default]'
            cand --cluster-domain 'DNS domain of the cluster [default: cluster.local]'
            cand --mesh-config 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input'
            cand --istio-version 'Version of Istio that the files are for [default: the latest that is known]'
            cand --color 'When to use colors'
            cand --http2 'Send HTTP/2'
            cand --trust-jwt 'Take tokens for genuine: look neither at their signatures nor at their times'
            cand --no-config 'Do not look for a configuration file'
            cand --assume-complete 'Take what is not in the input for missing, even where the input may not be all there is'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;proxy'= {
            cand -c 'A static bootstrap of Envoy in YAML or JSON, instead of files of a mesh; or, if it is a number, how many clients `--send` sends from [default: 1]'
            cand --gateway 'The proxy that serves this Gateway, or the gateway workload of this name'
            cand --workload 'The sidecar of this pod, Deployment, StatefulSet, …'
            cand --map 'Serve a port of the configuration at another: `80=8000`'
            cand --bind 'The address of listeners'
            cand --admin-port 'Open Envoy''s admin interface at this port; those of several proxies have the ports that follow'
            cand --concurrency 'Threads that serve'
            cand --seed 'Make every random choice the same in each run'
            cand --time-scale 'How long a second of the configuration lasts, in seconds: with 0.01, an ejection of 30 s is over after 0.3 s'
            cand --upstream 'A server of yours in place of an echo: HOST is that of a Service, of a workload, or an address'
            cand --echo-error 'Make echoes fail: `web=503`, `web,version=v2=500=20%`, `shop/web=reset`; the name is that of a workload, of its Service, or its label `app`, and `*` is any'
            cand --echo-delay 'Make echoes wait before they answer: `web,version=v2=2s=50%`'
            cand --send 'Send so many requests, count what comes back, and end'
            cand --qps 'So many requests in a second at most'
            cand --from 'Who sends: a workload, `namespace/name`; a gateway stands for the clients outside that send to it [default: of one proxy that; of the mesh a client without a proxy]'
            cand -X 'The method [default: GET, or POST with a body]'
            cand --method 'The method [default: GET, or POST with a body]'
            cand -H 'A header: `name: value`'
            cand --header 'A header: `name: value`'
            cand --send-body 'What is sent; to `tcp://` and `tls://` URLs `hello` if absent'
            cand --sni 'The server name in TLS [default: the host of the URL]'
            cand --principal 'Show a certificate of the authority for tests with this name, as `spiffe://cluster.local/ns/shop/sa/web`'
            cand --cert 'Show the certificate in this file'
            cand --key 'The key of the certificate'
            cand --timeout 'How long an answer is waited for'
            cand --format 'How to print what came back'
            cand --config 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository'
            cand -n 'Namespace of resources that name none [default: default]'
            cand --namespace 'Namespace of resources that name none [default: default]'
            cand --cluster-domain 'DNS domain of the cluster [default: cluster.local]'
            cand --mesh-config 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input'
            cand --istio-version 'Version of Istio that the files are for [default: the latest that is known]'
            cand --color 'When to use colors'
            cand --mesh 'All gateways and sidecars, which send to each other with mutual TLS; the default where no proxy is named'
            cand --watch 'Put files into force when they change, without closing connections'
            cand --http2 'Send HTTP/2'
            cand --no-config 'Do not look for a configuration file'
            cand --assume-complete 'Take what is not in the input for missing, even where the input may not be all there is'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;test'= {
            cand --only 'Run only tests whose name contains this'
            cand --format 'How to print it'
            cand --fail-under 'Fail if the tests reach fewer of the routes and policies, in percent'
            cand --config 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository'
            cand -n 'Namespace of resources that name none [default: default]'
            cand --namespace 'Namespace of resources that name none [default: default]'
            cand --cluster-domain 'DNS domain of the cluster [default: cluster.local]'
            cand --mesh-config 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input'
            cand --istio-version 'Version of Istio that the files are for [default: the latest that is known]'
            cand --color 'When to use colors'
            cand --live 'Send the requests through proxies that run, too, and compare'
            cand --coverage 'Show which routes and policies no test reaches'
            cand --no-config 'Do not look for a configuration file'
            cand --assume-complete 'Take what is not in the input for missing, even where the input may not be all there is'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;diff'= {
            cand --format 'How to show it'
            cand --workload 'The sidecar of this pod, Deployment, StatefulSet, …: `namespace/name`, or `name` in the default namespace'
            cand --gateway 'The proxy that serves this Gateway, or the gateway workload of this name'
            cand --proxies 'JSON file with a list of proxies: key, name, type, namespace, labels, ip, serviceAccount, locality, meta'
            cand --proxy 'Only this one of the proxies, by its key'
            cand --type 'A proxy that is in no file; in the namespace of `--namespace`'
            cand --labels 'Its labels: `app=web,version=v1`'
            cand --ip 'Its address'
            cand --service-account 'Its service account'
            cand --config 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository'
            cand -n 'Namespace of resources that name none [default: default]'
            cand --namespace 'Namespace of resources that name none [default: default]'
            cand --cluster-domain 'DNS domain of the cluster [default: cluster.local]'
            cand --mesh-config 'File with Istio''s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input'
            cand --istio-version 'Version of Istio that the files are for [default: the latest that is known]'
            cand --color 'When to use colors'
            cand --exit-code 'Exit with 1 if there are differences'
            cand --no-config 'Do not look for a configuration file'
            cand --assume-complete 'Take what is not in the input for missing, even where the input may not be all there is'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;parse'= {
            cand --color 'When to use colors'
            cand --strict 'Refuse duplicate keys'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;explain'= {
            cand --color 'When to use colors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;rules'= {
            cand --format 'How to write the list'
            cand --color 'When to use colors'
            cand --peers 'List the codes of `istioctl analyze` and Kiali instead, and which rules find the same'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;schema'= {
            cand --color 'When to use colors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;completions'= {
            cand --color 'When to use colors'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'meshlint;man'= {
            cand --color 'When to use colors'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'meshlint;help'= {
            cand check 'Check Istio configuration'
            cand render 'Show the Envoy configuration that istiod would push'
            cand trace 'Show what the proxies of the mesh do with a request, and why'
            cand proxy 'Run the proxies of the mesh on this machine'
            cand test 'Test routes and policies'
            cand diff 'Show what a change to the files changes in the configuration of proxies'
            cand parse 'Show how Kubernetes reads a file'
            cand explain 'Explain a rule'
            cand rules 'List the rules'
            cand schema 'Print the JSON Schema of a kind'
            cand completions 'Print a script that completes meshlint''s arguments in a shell'
            cand man 'Print a manual page'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'meshlint;help;check'= {
        }
        &'meshlint;help;render'= {
        }
        &'meshlint;help;trace'= {
        }
        &'meshlint;help;proxy'= {
        }
        &'meshlint;help;test'= {
        }
        &'meshlint;help;diff'= {
        }
        &'meshlint;help;parse'= {
        }
        &'meshlint;help;explain'= {
        }
        &'meshlint;help;rules'= {
        }
        &'meshlint;help;schema'= {
        }
        &'meshlint;help;completions'= {
        }
        &'meshlint;help;man'= {
        }
        &'meshlint;help;help'= {
        }
    ]
    $completions[$command]
}
