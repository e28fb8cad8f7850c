# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_meshlint_global_optspecs
    string join \n color= h/help V/version
end

function __fish_meshlint_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_meshlint_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_meshlint_using_subcommand
    set -l cmd (__fish_meshlint_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c meshlint -n "__fish_meshlint_needs_command" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_needs_command" -s h -l help -d 'Print help'
complete -c meshlint -n "__fish_meshlint_needs_command" -s V -l version -d 'Print version'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "check" -d 'Check Istio configuration'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "render" -d 'Show the Envoy configuration that istiod would push'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "trace" -d 'Show what the proxies of the mesh do with a request, and why'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "proxy" -d 'Run the proxies of the mesh on this machine'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "test" -d 'Test routes and policies'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "diff" -d 'Show what a change to the files changes in the configuration of proxies'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "parse" -d 'Show how Kubernetes reads a file'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "explain" -d 'Explain a rule'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "rules" -d 'List the rules'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "schema" -d 'Print the JSON Schema of a kind'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "completions" -d 'Print a script that completes meshlint\'s arguments in a shell'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "man" -d 'Print a manual page'
complete -c meshlint -n "__fish_meshlint_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l context -d 'Files and folders that are read, too, so that the others can be judged, but are not checked themselves' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l config -d 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l select -d 'Ask only these rules: names, codes such as IST0101 or KIA1107, or categories' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l ignore -d 'Do not ask these rules' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l fail-on -d 'Fail if there are findings of this severity or a worse one [default: error]' -r -f -a "error\t''
warning\t''
info\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l baseline -d 'Do not report the findings that are in this file' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l write-baseline -d 'Report nothing, but write all findings to this file, for `--baseline`' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -s n -l namespace -d 'Namespace of resources that name none [default: default]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l cluster-domain -d 'DNS domain of the cluster [default: cluster.local]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l mesh-config -d 'File with Istio\'s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l istio-version -d 'Version of Istio that the files are for [default: the latest that is known]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l format -d 'How findings are written' -r -f -a "text\t'Excerpts of the files with the findings marked in them, for people'
concise\t'One line per finding'
json\t'Everything that is known, as JSON; its schema is `schemas/report.json`'
sarif\t'SARIF 2.1.0, for GitHub code scanning and editors'
github\t'Annotations of GitHub Actions'
gitlab\t'Code Quality report of GitLab'
junit\t'JUnit XML, for CI servers'"
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -s o -l output -d 'Write the report to this file instead of standard output' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l no-config -d 'Do not look for a configuration file'
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l assume-complete -d 'Take what is not in the input for missing, even where the input may not be all there is'
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l fix -d 'Correct in the files what has one right answer, then report what is left'
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -l diff -d 'Show what `--fix` would change, and change nothing; fails if there is something'
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -s q -l quiet -d 'Write findings and errors only: no notes, no summary'
complete -c meshlint -n "__fish_meshlint_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -s o -l output -d 'How to print it [default: table on a terminal, else json]' -r -f -a "table\t'Tables as those of `istioctl proxy-config`, with the places in the files that rows come from'
json\t'`{node, listeners, routes, clusters, endpoints}` as protobuf JSON; of several proxies `{proxies: {KEY: …}}`'
yaml\t'The same as YAML'
config-dump\t'What `istioctl proxy-config --file` reads'
bootstrap\t'A static bootstrap for a plain Envoy, as JSON'"
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l workload -d 'The sidecar of this pod, Deployment, StatefulSet, …: `namespace/name`, or `name` in the default namespace' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l gateway -d 'The proxy that serves this Gateway, or the gateway workload of this name' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l proxies -d 'JSON file with a list of proxies: key, name, type, namespace, labels, ip, serviceAccount, locality, meta' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l proxy -d 'Only this one of the proxies, by its key' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l type -d 'A proxy that is in no file; in the namespace of `--namespace`' -r -f -a "sidecar\t''
router\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l labels -d 'Its labels: `app=web,version=v1`' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l ip -d 'Its address' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l service-account -d 'Its service account' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l only -d 'Only these kinds of resources' -r -f -a "listeners\t''
routes\t''
clusters\t''
endpoints\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l name -d 'Only the listener, route configuration or cluster of this name' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l port -d 'Only what is for this port' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l fqdn -d 'Only clusters and endpoints of this host, and virtual hosts for it' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l subset -d 'Only clusters and endpoints of this subset' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l bind -d 'Where it listens' -r -f -a "as-configured\t'The addresses of the configuration'
loopback\t'127.0.0.1, each listener on a port of its own'"
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l first-port -d 'With `--bind loopback`: the port of the first listener, others follow' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l admin-port -d 'Open Envoy\'s admin interface on this port of 127.0.0.1' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l config -d 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -s n -l namespace -d 'Namespace of resources that name none [default: default]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l cluster-domain -d 'DNS domain of the cluster [default: cluster.local]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l mesh-config -d 'File with Istio\'s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l istio-version -d 'Version of Istio that the files are for [default: the latest that is known]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l list -d 'List the proxies instead'
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l provenance -d 'Print as JSON which places in the files each part comes from instead'
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l no-config -d 'Do not look for a configuration file'
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -l assume-complete -d 'Take what is not in the input for missing, even where the input may not be all there is'
complete -c meshlint -n "__fish_meshlint_using_subcommand render" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l format -d 'How to print it' -r -f -a "text\t''
json\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l from -d 'The workload that sends: `namespace/name` of a pod, Deployment, StatefulSet, …' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l gateway -d 'The Gateway, or gateway workload, that the client sends to; the port of the URL is that of its Service' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -s H -l header -d 'A header: `name: value`' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l sni -d 'The server name in TLS [default: the host of the URL]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l source-ip -d 'The address of a client outside of the files' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l principal -d 'The identity in the client\'s certificate, as `spiffe://cluster.local/ns/shop/sa/web`' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l jwt -d 'A token, sent as `Authorization: Bearer`; it is verified as of now' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l claims -d 'The claims of a token that is taken for valid, as a JSON object' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l config -d 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -s n -l namespace -d 'Namespace of resources that name none [default: default]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l cluster-domain -d 'DNS domain of the cluster [default: cluster.local]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l mesh-config -d 'File with Istio\'s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l istio-version -d 'Version of Istio that the files are for [default: the latest that is known]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l http2 -d 'Send HTTP/2'
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l trust-jwt -d 'Take tokens for genuine: look neither at their signatures nor at their times'
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l no-config -d 'Do not look for a configuration file'
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -l assume-complete -d 'Take what is not in the input for missing, even where the input may not be all there is'
complete -c meshlint -n "__fish_meshlint_using_subcommand trace" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -s c -d 'A static bootstrap of Envoy in YAML or JSON, instead of files of a mesh; or, if it is a number, how many clients `--send` sends from [default: 1]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l gateway -d 'The proxy that serves this Gateway, or the gateway workload of this name' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l workload -d 'The sidecar of this pod, Deployment, StatefulSet, …' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l map -d 'Serve a port of the configuration at another: `80=8000`' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l bind -d 'The address of listeners' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l admin-port -d 'Open Envoy\'s admin interface at this port; those of several proxies have the ports that follow' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l concurrency -d 'Threads that serve' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l seed -d 'Make every random choice the same in each run' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l time-scale -d 'How long a second of the configuration lasts, in seconds: with 0.01, an ejection of 30 s is over after 0.3 s' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l upstream -d 'A server of yours in place of an echo: HOST is that of a Service, of a workload, or an address' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l echo-error -d 'Make echoes fail: `web=503`, `web,version=v2=500=20%`, `shop/web=reset`; the name is that of a workload, of its Service, or its label `app`, and `*` is any' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l echo-delay -d 'Make echoes wait before they answer: `web,version=v2=2s=50%`' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l send -d 'Send so many requests, count what comes back, and end' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l qps -d 'So many requests in a second at most' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l from -d 'Who sends: a workload, `namespace/name`; a gateway stands for the clients outside that send to it [default: of one proxy that; of the mesh a client without a proxy]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -s X -l method -d 'The method [default: GET, or POST with a body]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -s H -l header -d 'A header: `name: value`' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l send-body -d 'What is sent; to `tcp://` and `tls://` URLs `hello` if absent' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l sni -d 'The server name in TLS [default: the host of the URL]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l principal -d 'Show a certificate of the authority for tests with this name, as `spiffe://cluster.local/ns/shop/sa/web`' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l cert -d 'Show the certificate in this file' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l key -d 'The key of the certificate' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l timeout -d 'How long an answer is waited for' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l format -d 'How to print what came back' -r -f -a "text\t''
json\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l config -d 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -s n -l namespace -d 'Namespace of resources that name none [default: default]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l cluster-domain -d 'DNS domain of the cluster [default: cluster.local]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l mesh-config -d 'File with Istio\'s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l istio-version -d 'Version of Istio that the files are for [default: the latest that is known]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l mesh -d 'All gateways and sidecars, which send to each other with mutual TLS; the default where no proxy is named'
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l watch -d 'Put files into force when they change, without closing connections'
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l http2 -d 'Send HTTP/2'
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l no-config -d 'Do not look for a configuration file'
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -l assume-complete -d 'Take what is not in the input for missing, even where the input may not be all there is'
complete -c meshlint -n "__fish_meshlint_using_subcommand proxy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l only -d 'Run only tests whose name contains this' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l format -d 'How to print it' -r -f -a "text\t''
json\t''
junit\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l fail-under -d 'Fail if the tests reach fewer of the routes and policies, in percent' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l config -d 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -s n -l namespace -d 'Namespace of resources that name none [default: default]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l cluster-domain -d 'DNS domain of the cluster [default: cluster.local]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l mesh-config -d 'File with Istio\'s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l istio-version -d 'Version of Istio that the files are for [default: the latest that is known]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l live -d 'Send the requests through proxies that run, too, and compare'
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l coverage -d 'Show which routes and policies no test reaches'
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l no-config -d 'Do not look for a configuration file'
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -l assume-complete -d 'Take what is not in the input for missing, even where the input may not be all there is'
complete -c meshlint -n "__fish_meshlint_using_subcommand test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l format -d 'How to show it' -r -f -a "text\t'For people'
json\t'An array of changes'"
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l workload -d 'The sidecar of this pod, Deployment, StatefulSet, …: `namespace/name`, or `name` in the default namespace' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l gateway -d 'The proxy that serves this Gateway, or the gateway workload of this name' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l proxies -d 'JSON file with a list of proxies: key, name, type, namespace, labels, ip, serviceAccount, locality, meta' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l proxy -d 'Only this one of the proxies, by its key' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l type -d 'A proxy that is in no file; in the namespace of `--namespace`' -r -f -a "sidecar\t''
router\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l labels -d 'Its labels: `app=web,version=v1`' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l ip -d 'Its address' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l service-account -d 'Its service account' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l config -d 'Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it, up to the root of the repository' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -s n -l namespace -d 'Namespace of resources that name none [default: default]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l cluster-domain -d 'DNS domain of the cluster [default: cluster.local]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l mesh-config -d 'File with Istio\'s MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap `istio` in the input' -r -F
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l istio-version -d 'Version of Istio that the files are for [default: the latest that is known]' -r
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l exit-code -d 'Exit with 1 if there are differences'
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l no-config -d 'Do not look for a configuration file'
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -l assume-complete -d 'Take what is not in the input for missing, even where the input may not be all there is'
complete -c meshlint -n "__fish_meshlint_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshlint -n "__fish_meshlint_using_subcommand parse" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand parse" -l strict -d 'Refuse duplicate keys'
complete -c meshlint -n "__fish_meshlint_using_subcommand parse" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshlint -n "__fish_meshlint_using_subcommand explain" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshlint -n "__fish_meshlint_using_subcommand rules" -l format -d 'How to write the list' -r -f -a "text\t'A line per rule: name, severity, category, codes of other tools, summary'
json\t'An array of objects'"
complete -c meshlint -n "__fish_meshlint_using_subcommand rules" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand rules" -l peers -d 'List the codes of `istioctl analyze` and Kiali instead, and which rules find the same'
complete -c meshlint -n "__fish_meshlint_using_subcommand rules" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshlint -n "__fish_meshlint_using_subcommand schema" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshlint -n "__fish_meshlint_using_subcommand completions" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand completions" -s h -l help -d 'Print help'
complete -c meshlint -n "__fish_meshlint_using_subcommand man" -l color -d 'When to use colors' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshlint -n "__fish_meshlint_using_subcommand man" -s h -l help -d 'Print help'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "check" -d 'Check Istio configuration'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "render" -d 'Show the Envoy configuration that istiod would push'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "trace" -d 'Show what the proxies of the mesh do with a request, and why'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "proxy" -d 'Run the proxies of the mesh on this machine'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "test" -d 'Test routes and policies'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "diff" -d 'Show what a change to the files changes in the configuration of proxies'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "parse" -d 'Show how Kubernetes reads a file'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "explain" -d 'Explain a rule'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "rules" -d 'List the rules'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "schema" -d 'Print the JSON Schema of a kind'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "completions" -d 'Print a script that completes meshlint\'s arguments in a shell'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "man" -d 'Print a manual page'
complete -c meshlint -n "__fish_meshlint_using_subcommand help; and not __fish_seen_subcommand_from check render trace proxy test diff parse explain rules schema completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
