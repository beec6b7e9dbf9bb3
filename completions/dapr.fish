# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_dapr_global_optspecs
    string join \n v/version log-as-json runtime-path= h/help
end

function __fish_dapr_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_dapr_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_dapr_using_subcommand
    set -l cmd (__fish_dapr_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c dapr -n "__fish_dapr_needs_command" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_needs_command" -s v -l version -d 'version for dapr'
complete -c dapr -n "__fish_dapr_needs_command" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_needs_command" -s h -l help -d 'help for dapr'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "build-info" -d 'Print build info of Dapr CLI and runtime'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "bundle" -d 'Pack the installed runtime for machines without a network. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "completion" -d 'Generates shell completion scripts'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "components" -d 'List all Dapr components. Supported platforms: Kubernetes and self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "configurations" -d 'List all Dapr configurations. Supported platforms: Kubernetes and self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "dashboard" -d 'Show apps, logs and resources in the browser. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "doctor" -d 'Look for what keeps Dapr from working on this machine. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "help" -d 'Help about any command'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "init" -d 'Install Dapr on supported hosting platforms. Supported platforms: Kubernetes and self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "invoke" -d 'Invoke a method on a given Dapr application. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "lint" -d 'Check run files and resources. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "list" -d 'List all Dapr instances. Supported platforms: Kubernetes and self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "logs" -d 'Show what applications and their sidecars have written. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "mcpservers" -d 'List all Dapr MCPServer resources. Supported platforms: Kubernetes and self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "publish" -d 'Publish a pub-sub event. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "restart" -d 'Restart applications, beside the same sidecars. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "run" -d 'Run Dapr and (optionally) your application side by side. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "scheduler" -d 'Scheduler management commands. Use -k to target a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "sched" -d 'Scheduler management commands. Use -k to target a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "status" -d 'Show the health status of Dapr services. Supported platforms: Kubernetes and self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "stop" -d 'Stop Dapr instances and their associated apps. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "subscriptions" -d 'List what running applications receive. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "uninstall" -d 'Uninstall Dapr runtime. Supported platforms: Kubernetes and self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "upgrade" -d 'Upgrades or downgrades a Dapr installation. Supported platforms: Kubernetes and self-hosted'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "version" -d 'Print the Dapr runtime and CLI version'
complete -c dapr -n "__fish_dapr_needs_command" -f -a "wait" -d 'Wait until applications are healthy, or have ended. Supported platforms: Self-hosted'
complete -c dapr -n "__fish_dapr_using_subcommand build-info" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand build-info" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand build-info" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand bundle; and not __fish_seen_subcommand_from create" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand bundle; and not __fish_seen_subcommand_from create" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand bundle; and not __fish_seen_subcommand_from create" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand bundle; and not __fish_seen_subcommand_from create" -f -a "create" -d 'Make a bundle of the installed runtime, for `dapr init --from-dir` on machines without a network'
complete -c dapr -n "__fish_dapr_using_subcommand bundle; and __fish_seen_subcommand_from create" -l container-runtime -d 'The container runtime to use. Supported values are docker (default) and podman' -r
complete -c dapr -n "__fish_dapr_using_subcommand bundle; and __fish_seen_subcommand_from create" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand bundle; and __fish_seen_subcommand_from create" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand bundle; and __fish_seen_subcommand_from create" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and not __fish_seen_subcommand_from bash fish powershell zsh" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand completion; and not __fish_seen_subcommand_from bash fish powershell zsh" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and not __fish_seen_subcommand_from bash fish powershell zsh" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and not __fish_seen_subcommand_from bash fish powershell zsh" -f -a "bash" -d 'Generates bash completion scripts'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and not __fish_seen_subcommand_from bash fish powershell zsh" -f -a "fish" -d 'Generates fish completion scripts'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and not __fish_seen_subcommand_from bash fish powershell zsh" -f -a "powershell" -d 'Generates powershell completion scripts'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and not __fish_seen_subcommand_from bash fish powershell zsh" -f -a "zsh" -d 'Generates zsh completion scripts'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from bash" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from bash" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from bash" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from fish" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from fish" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from fish" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from powershell" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from powershell" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from powershell" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from zsh" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from zsh" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand completion; and __fish_seen_subcommand_from zsh" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand components" -s n -l name -d 'The name of the resource to be printed (optional)' -r
complete -c dapr -n "__fish_dapr_using_subcommand components" -l namespace -d 'The Kubernetes namespace' -r
complete -c dapr -n "__fish_dapr_using_subcommand components" -s o -l output -d 'The output format of the list. Valid values are: json, yaml, wide, or table (default)' -r
complete -c dapr -n "__fish_dapr_using_subcommand components" -l resources-path -d 'The path of a folder with resources. The default is the one of dapr init, with those of running apps' -r -F
complete -c dapr -n "__fish_dapr_using_subcommand components" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand components" -s A -l all-namespaces -d 'If true, list all resources in all namespaces'
complete -c dapr -n "__fish_dapr_using_subcommand components" -s k -l kubernetes -d 'List the resources of a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand components" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand components" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand configurations" -s n -l name -d 'The name of the resource to be printed (optional)' -r
complete -c dapr -n "__fish_dapr_using_subcommand configurations" -l namespace -d 'The Kubernetes namespace' -r
complete -c dapr -n "__fish_dapr_using_subcommand configurations" -s o -l output -d 'The output format of the list. Valid values are: json, yaml, wide, or table (default)' -r
complete -c dapr -n "__fish_dapr_using_subcommand configurations" -l resources-path -d 'The path of a folder with resources. The default is the one of dapr init, with those of running apps' -r -F
complete -c dapr -n "__fish_dapr_using_subcommand configurations" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand configurations" -s A -l all-namespaces -d 'If true, list all resources in all namespaces'
complete -c dapr -n "__fish_dapr_using_subcommand configurations" -s k -l kubernetes -d 'List the resources of a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand configurations" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand configurations" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -s a -l address -d 'The address to listen on. Addresses that other machines reach need --token' -r
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -s p -l port -d 'The port to listen on; 0 for any that is free' -r
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -l zipkin-port -d 'The port on which Zipkin spans are received, unless a Zipkin has it; 0 for any that is free' -r
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -l otlp-port -d 'The port on which traces, logs and metrics are received by OTLP over HTTP; 0 for any that is free' -r
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens, for its jobs' -r
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -l token -d 'What a browser has to know: opened with ?token=... once' -r
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -s k -l kubernetes -d 'Open the dashboard of a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -l no-open -d 'Don\'t open a browser'
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -l read-only -d 'Show everything, change nothing'
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -l version -d 'Print the version of the dashboard'
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand dashboard" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand doctor" -s o -l output -d 'The output format of the list. Valid values are: json, yaml, or table (default)' -r
complete -c dapr -n "__fish_dapr_using_subcommand doctor" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand doctor" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand doctor" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand help" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand help" -s h -l help -d 'help for help'
complete -c dapr -n "__fish_dapr_using_subcommand help" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand init" -l timeout -d 'The wait timeout for the Kubernetes installation' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l runtime-version -d 'The version of the Dapr runtime to install, for example: 1.0.0' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l network -d 'The Docker network on which to deploy the Dapr runtime' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -s n -l namespace -d 'The Kubernetes namespace to install Dapr in' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l set -d 'Set Helm values during installation (can specify multiple or separate values with commas: key1=val1,key2=val2)' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l image-variant -d 'The image variant to use for the Dapr runtime, for example: mariner' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l image-registry -d 'Custom/private docker image repository URL' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l from-dir -d 'Use Dapr artifacts from local directory for self-hosted installation' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l container-runtime -d 'The container runtime to use. Supported values are docker (default) and podman' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l scheduler-volume -d 'Self-hosted only. Specify a volume for the scheduler service data directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l scheduler-override-broadcast-host-port -d 'Self-hosted only. Specify the scheduler broadcast host and port, for example: 192.168.42.42:50006. If not specified, it uses localhost:50006' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l redis-host -d 'Self-hosted only. Use the Redis at this host and port instead of a container' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l bind -d 'Self-hosted only. The address on which the containers\' ports are published. 0.0.0.0 lets other machines in: Redis has no password' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l ca-root-certificate -d 'The root certificate file' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l issuer-private-key -d 'The issuer certificate private key' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l issuer-public-certificate -d 'The issuer certificate' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand init" -l embedded -d 'Set up the embedded runtime: default components in files, no containers, no download'
complete -c dapr -n "__fish_dapr_using_subcommand init" -s k -l kubernetes -d 'Deploy Dapr to a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand init" -l dev -d 'Use Dev mode. Deploy Redis, Zipkin also in the Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand init" -l wait -d 'Wait for Kubernetes initialization to complete'
complete -c dapr -n "__fish_dapr_using_subcommand init" -s s -l slim -d 'Exclude placement service, scheduler service, Redis and Zipkin containers from self-hosted installation'
complete -c dapr -n "__fish_dapr_using_subcommand init" -l enable-mtls -d 'Enable mTLS in your cluster'
complete -c dapr -n "__fish_dapr_using_subcommand init" -l enable-ha -d 'Enable high availability (HA) mode'
complete -c dapr -n "__fish_dapr_using_subcommand init" -l redis-stack -d 'Self-hosted only. Use the Redis Stack server image instead of the Redis one'
complete -c dapr -n "__fish_dapr_using_subcommand init" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand init" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand invoke" -s a -l app-id -d 'The application id to invoke' -r
complete -c dapr -n "__fish_dapr_using_subcommand invoke" -s m -l method -d 'The method to invoke' -r
complete -c dapr -n "__fish_dapr_using_subcommand invoke" -s d -l data -d 'The JSON serialized data string (optional)' -r
complete -c dapr -n "__fish_dapr_using_subcommand invoke" -s f -l data-file -d 'A file containing the JSON serialized data (optional)' -r
complete -c dapr -n "__fish_dapr_using_subcommand invoke" -s u -l unix-domain-socket -d 'Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets' -r
complete -c dapr -n "__fish_dapr_using_subcommand invoke" -s v -l verb -d 'The HTTP verb to use' -r
complete -c dapr -n "__fish_dapr_using_subcommand invoke" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand invoke" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand invoke" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand lint" -s o -l output -d 'The output format. Valid values are: json, or text (default)' -r
complete -c dapr -n "__fish_dapr_using_subcommand lint" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand lint" -l strict -d 'Warnings count as errors'
complete -c dapr -n "__fish_dapr_using_subcommand lint" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand lint" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand list" -s o -l output -d 'The output format of the list. Valid values are: json, yaml, wide, or table (default)' -r
complete -c dapr -n "__fish_dapr_using_subcommand list" -s n -l namespace -d 'The Kubernetes namespace to list pods in' -r
complete -c dapr -n "__fish_dapr_using_subcommand list" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand list" -s k -l kubernetes -d 'List all Dapr pods in a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand list" -s A -l all-namespaces -d 'If true, list all Dapr pods in all namespaces'
complete -c dapr -n "__fish_dapr_using_subcommand list" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand list" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand logs" -s a -l app-id -d 'The application ids; all that run when none is given' -r
complete -c dapr -n "__fish_dapr_using_subcommand logs" -l since -d 'Only lines written since then: a length of time such as 5m, or a time such as 2026-01-31T08:00:00Z' -r
complete -c dapr -n "__fish_dapr_using_subcommand logs" -l tail -d 'So many lines at the end' -r
complete -c dapr -n "__fish_dapr_using_subcommand logs" -s n -l namespace -d 'The Kubernetes namespace in which your application is deployed' -r
complete -c dapr -n "__fish_dapr_using_subcommand logs" -s p -l pod-name -d 'The name of the pod in Kubernetes, in case your application has multiple pods (optional)' -r
complete -c dapr -n "__fish_dapr_using_subcommand logs" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand logs" -l app -d 'Only what the apps have written'
complete -c dapr -n "__fish_dapr_using_subcommand logs" -l sidecar -d 'Only what the sidecars have written'
complete -c dapr -n "__fish_dapr_using_subcommand logs" -s f -l follow -d 'Go on until the apps have ended'
complete -c dapr -n "__fish_dapr_using_subcommand logs" -s t -l timestamps -d 'Show when each line was written'
complete -c dapr -n "__fish_dapr_using_subcommand logs" -s k -l kubernetes -d 'Show the logs of a pod in a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand logs" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand logs" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand mcpservers" -s n -l name -d 'The MCPServer name to be printed (optional)' -r
complete -c dapr -n "__fish_dapr_using_subcommand mcpservers" -l namespace -d 'The Kubernetes namespace' -r
complete -c dapr -n "__fish_dapr_using_subcommand mcpservers" -s o -l output -d 'Output format (options: json or yaml or list)' -r
complete -c dapr -n "__fish_dapr_using_subcommand mcpservers" -l resources-path -d 'The path of a folder with resources' -r
complete -c dapr -n "__fish_dapr_using_subcommand mcpservers" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand mcpservers" -s A -l all-namespaces -d 'If true, list all Dapr MCPServers in all namespaces'
complete -c dapr -n "__fish_dapr_using_subcommand mcpservers" -s k -l kubernetes -d 'List all Dapr MCPServers in a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand mcpservers" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand mcpservers" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand publish" -s i -l publish-app-id -d 'The ID of the app to publish from' -r
complete -c dapr -n "__fish_dapr_using_subcommand publish" -s p -l pubsub -d 'The name of the pub/sub component' -r
complete -c dapr -n "__fish_dapr_using_subcommand publish" -s t -l topic -d 'The topic to be published to' -r
complete -c dapr -n "__fish_dapr_using_subcommand publish" -s d -l data -d 'The JSON serialized data string (optional)' -r
complete -c dapr -n "__fish_dapr_using_subcommand publish" -s f -l data-file -d 'A file containing the JSON serialized data (optional)' -r
complete -c dapr -n "__fish_dapr_using_subcommand publish" -s u -l unix-domain-socket -d 'Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets' -r
complete -c dapr -n "__fish_dapr_using_subcommand publish" -s m -l metadata -d 'The JSON serialized publish metadata (optional)' -r
complete -c dapr -n "__fish_dapr_using_subcommand publish" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand publish" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand publish" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand restart" -s a -l app-id -d 'The application ids' -r
complete -c dapr -n "__fish_dapr_using_subcommand restart" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand restart" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand restart" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand run" -s a -l app-id -d 'The id for your application, used for service discovery' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -s p -l app-port -d 'The port your application is listening on' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -s c -l config -d 'Dapr configuration file' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -s H -l dapr-http-port -d 'The HTTP port for Dapr to listen on' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -s G -l dapr-grpc-port -d 'The gRPC port for Dapr to listen on' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -s I -l dapr-internal-grpc-port -d 'The gRPC port for the Dapr internal API to listen on' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -s M -l metrics-port -d 'The port of metrics on dapr' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l profile-port -d 'The port for the profile server to listen on' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l log-level -d 'The log verbosity. Valid values are: debug, info, warn, error, fatal, or panic' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l app-max-concurrency -d 'The concurrency level of the application; unlimited if negative or zero' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -s P -l app-protocol -d 'The protocol (grpc, grpcs, http, https, h2c) Dapr uses to talk to the application' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -s d -l components-path -d 'Deprecated: the path for components directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l resources-path -d 'The path for resources directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l placement-host-address -d 'The address of the placement service. Format is either <hostname> for default port or <hostname>:<port> for custom port' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l scheduler-host-address -d 'The address of the scheduler service. Format is either <hostname> for default port or <hostname>:<port> for custom port' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l max-body-size -d 'Max size of the request body in the form of a quantity' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l read-buffer-size -d 'Max size of the HTTP header buffer in the form of a quantity' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -s u -l unix-domain-socket -d 'Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l app-health-check-path -d 'Path used for health checks; HTTP only' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l app-health-probe-interval -d 'Interval to probe for the health of the app in seconds' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l app-health-probe-timeout -d 'Timeout for app health probes in milliseconds' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l app-health-threshold -d 'Number of consecutive failures for the app to be considered unhealthy' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l dapr-listen-addresses -d 'Comma separated list of IP addresses that sidecar will listen to' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l app-channel-address -d 'The network address the application listens on' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l runtime -d 'The runtime to use: embedded or installed (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l profile -d 'With a run file: start the apps of this profile too (may be given several times)' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l on-failure -d 'With a run file: what happens to the other apps when one fails: keep or stop' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -s f -l run-file -d 'Path to the run template file for the list of apps to run' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand run" -l enable-profiling -d 'Enable pprof profiling via an HTTP endpoint'
complete -c dapr -n "__fish_dapr_using_subcommand run" -l app-ssl -d 'Deprecated: enable https when Dapr invokes the application'
complete -c dapr -n "__fish_dapr_using_subcommand run" -l enable-app-health-check -d 'Enable health checks for the application using the protocol defined with app-protocol'
complete -c dapr -n "__fish_dapr_using_subcommand run" -l enable-api-logging -d 'Log API calls at INFO verbosity'
complete -c dapr -n "__fish_dapr_using_subcommand run" -l detach -d 'Run in the background; see dapr logs, dapr list and dapr stop'
complete -c dapr -n "__fish_dapr_using_subcommand run" -l detached
complete -c dapr -n "__fish_dapr_using_subcommand run" -s k -l kubernetes -d 'Run the apps of the run template file in a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand run" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand run" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "delete" -d 'Delete one or more jobs from scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "d" -d 'Delete one or more jobs from scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "del" -d 'Delete one or more jobs from scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "delete-all" -d 'Delete all scheduled jobs in the specified namespace of a particular filter'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "da" -d 'Delete all scheduled jobs in the specified namespace of a particular filter'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "delall" -d 'Delete all scheduled jobs in the specified namespace of a particular filter'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "export" -d 'Export all jobs and actor reminders to a binary file, including the tracked count'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "get" -d 'Get scheduled app job or actor reminder in Scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "g" -d 'Get scheduled app job or actor reminder in Scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "ge" -d 'Get scheduled app job or actor reminder in Scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "import" -d 'Import all jobs and actor reminders from a binary file generated by \'dapr scheduler export\''
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "list" -d 'List scheduled jobs in Scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from d" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from d" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from d" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from d" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from d" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from d" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from d" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from d" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from del" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from del" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from del" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from del" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from del" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from del" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from del" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from del" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete-all" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete-all" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete-all" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete-all" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete-all" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete-all" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete-all" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delete-all" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from da" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from da" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from da" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from da" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from da" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from da" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from da" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from da" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delall" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delall" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delall" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delall" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delall" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delall" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delall" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from delall" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from export" -s o -l output-file -d 'Output binary file to export jobs and actor reminders to' -r -F
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from export" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from export" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from export" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from export" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from export" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from export" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from export" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from export" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from get" -s o -l output -d 'Output format. One of short, wide, yaml, json' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from get" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from get" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from get" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from get" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from get" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from get" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from get" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from get" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from g" -s o -l output -d 'Output format. One of short, wide, yaml, json' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from g" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from g" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from g" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from g" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from g" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from g" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from g" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from g" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from ge" -s o -l output -d 'Output format. One of short, wide, yaml, json' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from ge" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from ge" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from ge" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from ge" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from ge" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from ge" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from ge" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from ge" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from import" -s f -l input-file -d 'Input file to import jobs and actor reminders from' -r -F
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from import" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from import" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from import" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from import" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from import" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from import" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from import" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from import" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from list" -l filter -d 'Filter jobs by type. Supported values are all, app, actor, workflow, activity' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format. One of short, wide, yaml, json' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from list" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from list" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from list" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from list" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from list" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from list" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from list" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand scheduler; and __fish_seen_subcommand_from list" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "delete" -d 'Delete one or more jobs from scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "d" -d 'Delete one or more jobs from scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "del" -d 'Delete one or more jobs from scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "delete-all" -d 'Delete all scheduled jobs in the specified namespace of a particular filter'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "da" -d 'Delete all scheduled jobs in the specified namespace of a particular filter'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "delall" -d 'Delete all scheduled jobs in the specified namespace of a particular filter'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "export" -d 'Export all jobs and actor reminders to a binary file, including the tracked count'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "get" -d 'Get scheduled app job or actor reminder in Scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "g" -d 'Get scheduled app job or actor reminder in Scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "ge" -d 'Get scheduled app job or actor reminder in Scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "import" -d 'Import all jobs and actor reminders from a binary file generated by \'dapr scheduler export\''
complete -c dapr -n "__fish_dapr_using_subcommand sched; and not __fish_seen_subcommand_from delete d del delete-all da delall export get g ge import list" -f -a "list" -d 'List scheduled jobs in Scheduler'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from d" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from d" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from d" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from d" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from d" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from d" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from d" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from d" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from del" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from del" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from del" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from del" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from del" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from del" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from del" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from del" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete-all" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete-all" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete-all" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete-all" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete-all" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete-all" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete-all" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delete-all" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from da" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from da" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from da" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from da" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from da" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from da" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from da" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from da" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delall" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delall" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delall" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delall" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delall" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delall" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delall" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from delall" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from export" -s o -l output-file -d 'Output binary file to export jobs and actor reminders to' -r -F
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from export" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from export" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from export" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from export" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from export" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from export" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from export" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from export" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from get" -s o -l output -d 'Output format. One of short, wide, yaml, json' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from get" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from get" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from get" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from get" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from get" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from get" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from get" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from get" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from g" -s o -l output -d 'Output format. One of short, wide, yaml, json' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from g" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from g" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from g" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from g" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from g" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from g" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from g" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from g" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from ge" -s o -l output -d 'Output format. One of short, wide, yaml, json' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from ge" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from ge" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from ge" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from ge" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from ge" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from ge" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from ge" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from ge" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from import" -s f -l input-file -d 'Input file to import jobs and actor reminders from' -r -F
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from import" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from import" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from import" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from import" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from import" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from import" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from import" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from import" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from list" -l filter -d 'Filter jobs by type. Supported values are all, app, actor, workflow, activity' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format. One of short, wide, yaml, json' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from list" -s n -l namespace -d 'Namespace of the Dapr application' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from list" -l scheduler-namespace -d 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from list" -l runtime -d 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from list" -l etcd-address -d 'Where the etcd of the installed runtime\'s scheduler listens' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from list" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from list" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from list" -s k -l kubernetes -d 'Perform scheduler command on a Kubernetes Dapr cluster'
complete -c dapr -n "__fish_dapr_using_subcommand sched; and __fish_seen_subcommand_from list" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand status" -s o -l output -d 'The output format of the status. Valid values are: json, yaml, wide, or table (default)' -r
complete -c dapr -n "__fish_dapr_using_subcommand status" -l container-runtime -d 'The container runtime to look at. Supported values are docker and podman. The default is the one of dapr init' -r
complete -c dapr -n "__fish_dapr_using_subcommand status" -l network -d 'The Docker network on which the Dapr runtime is deployed. The default is the one of dapr init' -r
complete -c dapr -n "__fish_dapr_using_subcommand status" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand status" -s k -l kubernetes -d 'Show the health status of Dapr services on Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand status" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand status" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand stop" -s a -l app-id -d 'The application id to be stopped' -r
complete -c dapr -n "__fish_dapr_using_subcommand stop" -s f -l run-file -d 'Path to the run template file for the list of apps to stop' -r
complete -c dapr -n "__fish_dapr_using_subcommand stop" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand stop" -l all -d 'Stop everything that dapr list shows'
complete -c dapr -n "__fish_dapr_using_subcommand stop" -s k -l kubernetes -d 'Stop all Dapr instances of a run template file in a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand stop" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand stop" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand subscriptions" -s a -l app-id -d 'Only of these application ids' -r
complete -c dapr -n "__fish_dapr_using_subcommand subscriptions" -s o -l output -d 'The output format of the list. Valid values are: json, yaml, wide, or table (default)' -r
complete -c dapr -n "__fish_dapr_using_subcommand subscriptions" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand subscriptions" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand subscriptions" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand uninstall" -l timeout -d 'The timeout for the Kubernetes uninstall' -r
complete -c dapr -n "__fish_dapr_using_subcommand uninstall" -l network -d 'The Docker network from which to remove the Dapr runtime' -r
complete -c dapr -n "__fish_dapr_using_subcommand uninstall" -s n -l namespace -d 'The Kubernetes namespace to uninstall Dapr from' -r
complete -c dapr -n "__fish_dapr_using_subcommand uninstall" -l container-runtime -d 'The container runtime to use. Supported values are docker (default) and podman' -r
complete -c dapr -n "__fish_dapr_using_subcommand uninstall" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand uninstall" -s k -l kubernetes -d 'Uninstall Dapr from a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand uninstall" -l dev -d 'Uninstall Dapr Redis, Zipkin from Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand uninstall" -l all -d 'Remove .dapr directory, Redis, Placement, Scheduler (and default volume in self-hosted mode), and Zipkin containers on local machine, and CRDs on a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand uninstall" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand uninstall" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand upgrade" -l timeout -d 'The timeout for the Kubernetes upgrade' -r
complete -c dapr -n "__fish_dapr_using_subcommand upgrade" -l runtime-version -d 'The version of the Dapr runtime to upgrade or downgrade to, for example: 1.0.0' -r
complete -c dapr -n "__fish_dapr_using_subcommand upgrade" -l set -d 'Set Helm values during upgrade (can specify multiple or separate values with commas: key1=val1,key2=val2)' -r
complete -c dapr -n "__fish_dapr_using_subcommand upgrade" -l image-variant -d 'The image variant to use for the Dapr runtime, for example: mariner' -r
complete -c dapr -n "__fish_dapr_using_subcommand upgrade" -l image-registry -d 'Custom/private docker image repository URL' -r
complete -c dapr -n "__fish_dapr_using_subcommand upgrade" -l from-dir -d 'Self-hosted only. Use Dapr artifacts from a local directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand upgrade" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand upgrade" -s k -l kubernetes -d 'Upgrade or downgrade Dapr in a Kubernetes cluster'
complete -c dapr -n "__fish_dapr_using_subcommand upgrade" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand upgrade" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand version" -s o -l output -d 'The output format of the version command. Valid values are: json' -r
complete -c dapr -n "__fish_dapr_using_subcommand version" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand version" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand version" -l log-as-json -d 'Log output in JSON format'
complete -c dapr -n "__fish_dapr_using_subcommand wait" -s a -l app-id -d 'The application ids' -r
complete -c dapr -n "__fish_dapr_using_subcommand wait" -l for -d 'What to wait for: healthy or exited' -r
complete -c dapr -n "__fish_dapr_using_subcommand wait" -l timeout -d 'How long to wait at most' -r
complete -c dapr -n "__fish_dapr_using_subcommand wait" -l runtime-path -d 'The path to the dapr runtime installation directory' -r
complete -c dapr -n "__fish_dapr_using_subcommand wait" -s h -l help -d 'Print this help message'
complete -c dapr -n "__fish_dapr_using_subcommand wait" -l log-as-json -d 'Log output in JSON format'
