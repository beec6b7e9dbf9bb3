
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'dapr' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'dapr'
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
        'dapr' {
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'version for dapr')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'version for dapr')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'help for dapr')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'help for dapr')
            [CompletionResult]::new('build-info', 'build-info', [CompletionResultType]::ParameterValue, 'Print build info of Dapr CLI and runtime')
            [CompletionResult]::new('bundle', 'bundle', [CompletionResultType]::ParameterValue, 'Pack the installed runtime for machines without a network. Supported platforms: Self-hosted')
            [CompletionResult]::new('completion', 'completion', [CompletionResultType]::ParameterValue, 'Generates shell completion scripts')
            [CompletionResult]::new('components', 'components', [CompletionResultType]::ParameterValue, 'List all Dapr components. Supported platforms: Kubernetes and self-hosted')
            [CompletionResult]::new('configurations', 'configurations', [CompletionResultType]::ParameterValue, 'List all Dapr configurations. Supported platforms: Kubernetes and self-hosted')
            [CompletionResult]::new('dashboard', 'dashboard', [CompletionResultType]::ParameterValue, 'Show apps, logs and resources in the browser. Supported platforms: Self-hosted')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look for what keeps Dapr from working on this machine. Supported platforms: Self-hosted')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Help about any command')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Install Dapr on supported hosting platforms. Supported platforms: Kubernetes and self-hosted')
            [CompletionResult]::new('invoke', 'invoke', [CompletionResultType]::ParameterValue, 'Invoke a method on a given Dapr application. Supported platforms: Self-hosted')
            [CompletionResult]::new('lint', 'lint', [CompletionResultType]::ParameterValue, 'Check run files and resources. Supported platforms: Self-hosted')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List all Dapr instances. Supported platforms: Kubernetes and self-hosted')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show what applications and their sidecars have written. Supported platforms: Self-hosted')
            [CompletionResult]::new('mcpservers', 'mcpservers', [CompletionResultType]::ParameterValue, 'List all Dapr MCPServer resources. Supported platforms: Kubernetes and self-hosted')
            [CompletionResult]::new('publish', 'publish', [CompletionResultType]::ParameterValue, 'Publish a pub-sub event. Supported platforms: Self-hosted')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Restart applications, beside the same sidecars. Supported platforms: Self-hosted')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run Dapr and (optionally) your application side by side. Supported platforms: Self-hosted')
            [CompletionResult]::new('scheduler', 'scheduler', [CompletionResultType]::ParameterValue, 'Scheduler management commands. Use -k to target a Kubernetes Dapr cluster')
            [CompletionResult]::new('sched', 'sched', [CompletionResultType]::ParameterValue, 'Scheduler management commands. Use -k to target a Kubernetes Dapr cluster')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show the health status of Dapr services. Supported platforms: Kubernetes and self-hosted')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop Dapr instances and their associated apps. Supported platforms: Self-hosted')
            [CompletionResult]::new('subscriptions', 'subscriptions', [CompletionResultType]::ParameterValue, 'List what running applications receive. Supported platforms: Self-hosted')
            [CompletionResult]::new('uninstall', 'uninstall', [CompletionResultType]::ParameterValue, 'Uninstall Dapr runtime. Supported platforms: Kubernetes and self-hosted')
            [CompletionResult]::new('upgrade', 'upgrade', [CompletionResultType]::ParameterValue, 'Upgrades or downgrades a Dapr installation. Supported platforms: Kubernetes and self-hosted')
            [CompletionResult]::new('version', 'version', [CompletionResultType]::ParameterValue, 'Print the Dapr runtime and CLI version')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until applications are healthy, or have ended. Supported platforms: Self-hosted')
            break
        }
        'dapr;build-info' {
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;bundle' {
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a bundle of the installed runtime, for `dapr init --from-dir` on machines without a network')
            break
        }
        'dapr;bundle;create' {
            [CompletionResult]::new('--container-runtime', '--container-runtime', [CompletionResultType]::ParameterName, 'The container runtime to use. Supported values are docker (default) and podman')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;completion' {
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            [CompletionResult]::new('bash', 'bash', [CompletionResultType]::ParameterValue, 'Generates bash completion scripts')
            [CompletionResult]::new('fish', 'fish', [CompletionResultType]::ParameterValue, 'Generates fish completion scripts')
            [CompletionResult]::new('powershell', 'powershell', [CompletionResultType]::ParameterValue, 'Generates powershell completion scripts')
            [CompletionResult]::new('zsh', 'zsh', [CompletionResultType]::ParameterValue, 'Generates zsh completion scripts')
            break
        }
        'dapr;completion;bash' {
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;completion;fish' {
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;completion;powershell' {
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;completion;zsh' {
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;components' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The name of the resource to be printed (optional)')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The name of the resource to be printed (optional)')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The Kubernetes namespace')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format of the list. Valid values are: json, yaml, wide, or table (default)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format of the list. Valid values are: json, yaml, wide, or table (default)')
            [CompletionResult]::new('--resources-path', '--resources-path', [CompletionResultType]::ParameterName, 'The path of a folder with resources. The default is the one of dapr init, with those of running apps')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-A', '-A ', [CompletionResultType]::ParameterName, 'If true, list all resources in all namespaces')
            [CompletionResult]::new('--all-namespaces', '--all-namespaces', [CompletionResultType]::ParameterName, 'If true, list all resources in all namespaces')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'List the resources of a Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'List the resources of a Kubernetes cluster')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;configurations' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The name of the resource to be printed (optional)')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The name of the resource to be printed (optional)')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The Kubernetes namespace')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format of the list. Valid values are: json, yaml, wide, or table (default)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format of the list. Valid values are: json, yaml, wide, or table (default)')
            [CompletionResult]::new('--resources-path', '--resources-path', [CompletionResultType]::ParameterName, 'The path of a folder with resources. The default is the one of dapr init, with those of running apps')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-A', '-A ', [CompletionResultType]::ParameterName, 'If true, list all resources in all namespaces')
            [CompletionResult]::new('--all-namespaces', '--all-namespaces', [CompletionResultType]::ParameterName, 'If true, list all resources in all namespaces')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'List the resources of a Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'List the resources of a Kubernetes cluster')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;dashboard' {
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The address to listen on. Addresses that other machines reach need --token')
            [CompletionResult]::new('--address', '--address', [CompletionResultType]::ParameterName, 'The address to listen on. Addresses that other machines reach need --token')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The port to listen on; 0 for any that is free')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The port to listen on; 0 for any that is free')
            [CompletionResult]::new('--zipkin-port', '--zipkin-port', [CompletionResultType]::ParameterName, 'The port on which Zipkin spans are received, unless a Zipkin has it; 0 for any that is free')
            [CompletionResult]::new('--otlp-port', '--otlp-port', [CompletionResultType]::ParameterName, 'The port on which traces, logs and metrics are received by OTLP over HTTP; 0 for any that is free')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens, for its jobs')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'What a browser has to know: opened with ?token=... once')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Open the dashboard of a Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Open the dashboard of a Kubernetes cluster')
            [CompletionResult]::new('--no-open', '--no-open', [CompletionResultType]::ParameterName, 'Don''t open a browser')
            [CompletionResult]::new('--read-only', '--read-only', [CompletionResultType]::ParameterName, 'Show everything, change nothing')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version of the dashboard')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;doctor' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format of the list. Valid values are: json, yaml, or table (default)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format of the list. Valid values are: json, yaml, or table (default)')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;help' {
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'help for help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'help for help')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;init' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'The wait timeout for the Kubernetes installation')
            [CompletionResult]::new('--runtime-version', '--runtime-version', [CompletionResultType]::ParameterName, 'The version of the Dapr runtime to install, for example: 1.0.0')
            [CompletionResult]::new('--network', '--network', [CompletionResultType]::ParameterName, 'The Docker network on which to deploy the Dapr runtime')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The Kubernetes namespace to install Dapr in')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The Kubernetes namespace to install Dapr in')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Set Helm values during installation (can specify multiple or separate values with commas: key1=val1,key2=val2)')
            [CompletionResult]::new('--image-variant', '--image-variant', [CompletionResultType]::ParameterName, 'The image variant to use for the Dapr runtime, for example: mariner')
            [CompletionResult]::new('--image-registry', '--image-registry', [CompletionResultType]::ParameterName, 'Custom/private docker image repository URL')
            [CompletionResult]::new('--from-dir', '--from-dir', [CompletionResultType]::ParameterName, 'Use Dapr artifacts from local directory for self-hosted installation')
            [CompletionResult]::new('--container-runtime', '--container-runtime', [CompletionResultType]::ParameterName, 'The container runtime to use. Supported values are docker (default) and podman')
            [CompletionResult]::new('--scheduler-volume', '--scheduler-volume', [CompletionResultType]::ParameterName, 'Self-hosted only. Specify a volume for the scheduler service data directory')
            [CompletionResult]::new('--scheduler-override-broadcast-host-port', '--scheduler-override-broadcast-host-port', [CompletionResultType]::ParameterName, 'Self-hosted only. Specify the scheduler broadcast host and port, for example: 192.168.42.42:50006. If not specified, it uses localhost:50006')
            [CompletionResult]::new('--redis-host', '--redis-host', [CompletionResultType]::ParameterName, 'Self-hosted only. Use the Redis at this host and port instead of a container')
            [CompletionResult]::new('--bind', '--bind', [CompletionResultType]::ParameterName, 'Self-hosted only. The address on which the containers'' ports are published. 0.0.0.0 lets other machines in: Redis has no password')
            [CompletionResult]::new('--ca-root-certificate', '--ca-root-certificate', [CompletionResultType]::ParameterName, 'The root certificate file')
            [CompletionResult]::new('--issuer-private-key', '--issuer-private-key', [CompletionResultType]::ParameterName, 'The issuer certificate private key')
            [CompletionResult]::new('--issuer-public-certificate', '--issuer-public-certificate', [CompletionResultType]::ParameterName, 'The issuer certificate')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('--embedded', '--embedded', [CompletionResultType]::ParameterName, 'Set up the embedded runtime: default components in files, no containers, no download')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Deploy Dapr to a Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Deploy Dapr to a Kubernetes cluster')
            [CompletionResult]::new('--dev', '--dev', [CompletionResultType]::ParameterName, 'Use Dev mode. Deploy Redis, Zipkin also in the Kubernetes cluster')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for Kubernetes initialization to complete')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Exclude placement service, scheduler service, Redis and Zipkin containers from self-hosted installation')
            [CompletionResult]::new('--slim', '--slim', [CompletionResultType]::ParameterName, 'Exclude placement service, scheduler service, Redis and Zipkin containers from self-hosted installation')
            [CompletionResult]::new('--enable-mtls', '--enable-mtls', [CompletionResultType]::ParameterName, 'Enable mTLS in your cluster')
            [CompletionResult]::new('--enable-ha', '--enable-ha', [CompletionResultType]::ParameterName, 'Enable high availability (HA) mode')
            [CompletionResult]::new('--redis-stack', '--redis-stack', [CompletionResultType]::ParameterName, 'Self-hosted only. Use the Redis Stack server image instead of the Redis one')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;invoke' {
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The application id to invoke')
            [CompletionResult]::new('--app-id', '--app-id', [CompletionResultType]::ParameterName, 'The application id to invoke')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The method to invoke')
            [CompletionResult]::new('--method', '--method', [CompletionResultType]::ParameterName, 'The method to invoke')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'The JSON serialized data string (optional)')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'The JSON serialized data string (optional)')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'A file containing the JSON serialized data (optional)')
            [CompletionResult]::new('--data-file', '--data-file', [CompletionResultType]::ParameterName, 'A file containing the JSON serialized data (optional)')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets')
            [CompletionResult]::new('--unix-domain-socket', '--unix-domain-socket', [CompletionResultType]::ParameterName, 'Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'The HTTP verb to use')
            [CompletionResult]::new('--verb', '--verb', [CompletionResultType]::ParameterName, 'The HTTP verb to use')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;lint' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format. Valid values are: json, or text (default)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format. Valid values are: json, or text (default)')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Warnings count as errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;list' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format of the list. Valid values are: json, yaml, wide, or table (default)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format of the list. Valid values are: json, yaml, wide, or table (default)')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The Kubernetes namespace to list pods in')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The Kubernetes namespace to list pods in')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'List all Dapr pods in a Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'List all Dapr pods in a Kubernetes cluster')
            [CompletionResult]::new('-A', '-A ', [CompletionResultType]::ParameterName, 'If true, list all Dapr pods in all namespaces')
            [CompletionResult]::new('--all-namespaces', '--all-namespaces', [CompletionResultType]::ParameterName, 'If true, list all Dapr pods in all namespaces')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;logs' {
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The application ids; all that run when none is given')
            [CompletionResult]::new('--app-id', '--app-id', [CompletionResultType]::ParameterName, 'The application ids; all that run when none is given')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only lines written since then: a length of time such as 5m, or a time such as 2026-01-31T08:00:00Z')
            [CompletionResult]::new('--tail', '--tail', [CompletionResultType]::ParameterName, 'So many lines at the end')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The Kubernetes namespace in which your application is deployed')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The Kubernetes namespace in which your application is deployed')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The name of the pod in Kubernetes, in case your application has multiple pods (optional)')
            [CompletionResult]::new('--pod-name', '--pod-name', [CompletionResultType]::ParameterName, 'The name of the pod in Kubernetes, in case your application has multiple pods (optional)')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('--app', '--app', [CompletionResultType]::ParameterName, 'Only what the apps have written')
            [CompletionResult]::new('--sidecar', '--sidecar', [CompletionResultType]::ParameterName, 'Only what the sidecars have written')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Go on until the apps have ended')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on until the apps have ended')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Show when each line was written')
            [CompletionResult]::new('--timestamps', '--timestamps', [CompletionResultType]::ParameterName, 'Show when each line was written')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Show the logs of a pod in a Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Show the logs of a pod in a Kubernetes cluster')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;mcpservers' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The MCPServer name to be printed (optional)')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The MCPServer name to be printed (optional)')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The Kubernetes namespace')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format (options: json or yaml or list)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format (options: json or yaml or list)')
            [CompletionResult]::new('--resources-path', '--resources-path', [CompletionResultType]::ParameterName, 'The path of a folder with resources')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-A', '-A ', [CompletionResultType]::ParameterName, 'If true, list all Dapr MCPServers in all namespaces')
            [CompletionResult]::new('--all-namespaces', '--all-namespaces', [CompletionResultType]::ParameterName, 'If true, list all Dapr MCPServers in all namespaces')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'List all Dapr MCPServers in a Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'List all Dapr MCPServers in a Kubernetes cluster')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;publish' {
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'The ID of the app to publish from')
            [CompletionResult]::new('--publish-app-id', '--publish-app-id', [CompletionResultType]::ParameterName, 'The ID of the app to publish from')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The name of the pub/sub component')
            [CompletionResult]::new('--pubsub', '--pubsub', [CompletionResultType]::ParameterName, 'The name of the pub/sub component')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'The topic to be published to')
            [CompletionResult]::new('--topic', '--topic', [CompletionResultType]::ParameterName, 'The topic to be published to')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'The JSON serialized data string (optional)')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'The JSON serialized data string (optional)')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'A file containing the JSON serialized data (optional)')
            [CompletionResult]::new('--data-file', '--data-file', [CompletionResultType]::ParameterName, 'A file containing the JSON serialized data (optional)')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets')
            [CompletionResult]::new('--unix-domain-socket', '--unix-domain-socket', [CompletionResultType]::ParameterName, 'Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The JSON serialized publish metadata (optional)')
            [CompletionResult]::new('--metadata', '--metadata', [CompletionResultType]::ParameterName, 'The JSON serialized publish metadata (optional)')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;restart' {
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The application ids')
            [CompletionResult]::new('--app-id', '--app-id', [CompletionResultType]::ParameterName, 'The application ids')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;run' {
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The id for your application, used for service discovery')
            [CompletionResult]::new('--app-id', '--app-id', [CompletionResultType]::ParameterName, 'The id for your application, used for service discovery')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The port your application is listening on')
            [CompletionResult]::new('--app-port', '--app-port', [CompletionResultType]::ParameterName, 'The port your application is listening on')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Dapr configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Dapr configuration file')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'The HTTP port for Dapr to listen on')
            [CompletionResult]::new('--dapr-http-port', '--dapr-http-port', [CompletionResultType]::ParameterName, 'The HTTP port for Dapr to listen on')
            [CompletionResult]::new('-G', '-G ', [CompletionResultType]::ParameterName, 'The gRPC port for Dapr to listen on')
            [CompletionResult]::new('--dapr-grpc-port', '--dapr-grpc-port', [CompletionResultType]::ParameterName, 'The gRPC port for Dapr to listen on')
            [CompletionResult]::new('-I', '-I ', [CompletionResultType]::ParameterName, 'The gRPC port for the Dapr internal API to listen on')
            [CompletionResult]::new('--dapr-internal-grpc-port', '--dapr-internal-grpc-port', [CompletionResultType]::ParameterName, 'The gRPC port for the Dapr internal API to listen on')
            [CompletionResult]::new('-M', '-M ', [CompletionResultType]::ParameterName, 'The port of metrics on dapr')
            [CompletionResult]::new('--metrics-port', '--metrics-port', [CompletionResultType]::ParameterName, 'The port of metrics on dapr')
            [CompletionResult]::new('--profile-port', '--profile-port', [CompletionResultType]::ParameterName, 'The port for the profile server to listen on')
            [CompletionResult]::new('--log-level', '--log-level', [CompletionResultType]::ParameterName, 'The log verbosity. Valid values are: debug, info, warn, error, fatal, or panic')
            [CompletionResult]::new('--app-max-concurrency', '--app-max-concurrency', [CompletionResultType]::ParameterName, 'The concurrency level of the application; unlimited if negative or zero')
            [CompletionResult]::new('-P', '-P ', [CompletionResultType]::ParameterName, 'The protocol (grpc, grpcs, http, https, h2c) Dapr uses to talk to the application')
            [CompletionResult]::new('--app-protocol', '--app-protocol', [CompletionResultType]::ParameterName, 'The protocol (grpc, grpcs, http, https, h2c) Dapr uses to talk to the application')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Deprecated: the path for components directory')
            [CompletionResult]::new('--components-path', '--components-path', [CompletionResultType]::ParameterName, 'Deprecated: the path for components directory')
            [CompletionResult]::new('--resources-path', '--resources-path', [CompletionResultType]::ParameterName, 'The path for resources directory')
            [CompletionResult]::new('--placement-host-address', '--placement-host-address', [CompletionResultType]::ParameterName, 'The address of the placement service. Format is either <hostname> for default port or <hostname>:<port> for custom port')
            [CompletionResult]::new('--scheduler-host-address', '--scheduler-host-address', [CompletionResultType]::ParameterName, 'The address of the scheduler service. Format is either <hostname> for default port or <hostname>:<port> for custom port')
            [CompletionResult]::new('--max-body-size', '--max-body-size', [CompletionResultType]::ParameterName, 'Max size of the request body in the form of a quantity')
            [CompletionResult]::new('--read-buffer-size', '--read-buffer-size', [CompletionResultType]::ParameterName, 'Max size of the HTTP header buffer in the form of a quantity')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets')
            [CompletionResult]::new('--unix-domain-socket', '--unix-domain-socket', [CompletionResultType]::ParameterName, 'Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets')
            [CompletionResult]::new('--app-health-check-path', '--app-health-check-path', [CompletionResultType]::ParameterName, 'Path used for health checks; HTTP only')
            [CompletionResult]::new('--app-health-probe-interval', '--app-health-probe-interval', [CompletionResultType]::ParameterName, 'Interval to probe for the health of the app in seconds')
            [CompletionResult]::new('--app-health-probe-timeout', '--app-health-probe-timeout', [CompletionResultType]::ParameterName, 'Timeout for app health probes in milliseconds')
            [CompletionResult]::new('--app-health-threshold', '--app-health-threshold', [CompletionResultType]::ParameterName, 'Number of consecutive failures for the app to be considered unhealthy')
            [CompletionResult]::new('--dapr-listen-addresses', '--dapr-listen-addresses', [CompletionResultType]::ParameterName, 'Comma separated list of IP addresses that sidecar will listen to')
            [CompletionResult]::new('--app-channel-address', '--app-channel-address', [CompletionResultType]::ParameterName, 'The network address the application listens on')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'The runtime to use: embedded or installed (default: installed when there is one)')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'With a run file: start the apps of this profile too (may be given several times)')
            [CompletionResult]::new('--on-failure', '--on-failure', [CompletionResultType]::ParameterName, 'With a run file: what happens to the other apps when one fails: keep or stop')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Path to the run template file for the list of apps to run')
            [CompletionResult]::new('--run-file', '--run-file', [CompletionResultType]::ParameterName, 'Path to the run template file for the list of apps to run')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('--enable-profiling', '--enable-profiling', [CompletionResultType]::ParameterName, 'Enable pprof profiling via an HTTP endpoint')
            [CompletionResult]::new('--app-ssl', '--app-ssl', [CompletionResultType]::ParameterName, 'Deprecated: enable https when Dapr invokes the application')
            [CompletionResult]::new('--enable-app-health-check', '--enable-app-health-check', [CompletionResultType]::ParameterName, 'Enable health checks for the application using the protocol defined with app-protocol')
            [CompletionResult]::new('--enable-api-logging', '--enable-api-logging', [CompletionResultType]::ParameterName, 'Log API calls at INFO verbosity')
            [CompletionResult]::new('--detach', '--detach', [CompletionResultType]::ParameterName, 'Run in the background; see dapr logs, dapr list and dapr stop')
            [CompletionResult]::new('--detached', '--detached', [CompletionResultType]::ParameterName, 'detached')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Run the apps of the run template file in a Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Run the apps of the run template file in a Kubernetes cluster')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete one or more jobs from scheduler')
            [CompletionResult]::new('d', 'd', [CompletionResultType]::ParameterValue, 'Delete one or more jobs from scheduler')
            [CompletionResult]::new('del', 'del', [CompletionResultType]::ParameterValue, 'Delete one or more jobs from scheduler')
            [CompletionResult]::new('delete-all', 'delete-all', [CompletionResultType]::ParameterValue, 'Delete all scheduled jobs in the specified namespace of a particular filter')
            [CompletionResult]::new('da', 'da', [CompletionResultType]::ParameterValue, 'Delete all scheduled jobs in the specified namespace of a particular filter')
            [CompletionResult]::new('delall', 'delall', [CompletionResultType]::ParameterValue, 'Delete all scheduled jobs in the specified namespace of a particular filter')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Export all jobs and actor reminders to a binary file, including the tracked count')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Get scheduled app job or actor reminder in Scheduler')
            [CompletionResult]::new('g', 'g', [CompletionResultType]::ParameterValue, 'Get scheduled app job or actor reminder in Scheduler')
            [CompletionResult]::new('ge', 'ge', [CompletionResultType]::ParameterValue, 'Get scheduled app job or actor reminder in Scheduler')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Import all jobs and actor reminders from a binary file generated by ''dapr scheduler export''')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List scheduled jobs in Scheduler')
            break
        }
        'dapr;sched' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete one or more jobs from scheduler')
            [CompletionResult]::new('d', 'd', [CompletionResultType]::ParameterValue, 'Delete one or more jobs from scheduler')
            [CompletionResult]::new('del', 'del', [CompletionResultType]::ParameterValue, 'Delete one or more jobs from scheduler')
            [CompletionResult]::new('delete-all', 'delete-all', [CompletionResultType]::ParameterValue, 'Delete all scheduled jobs in the specified namespace of a particular filter')
            [CompletionResult]::new('da', 'da', [CompletionResultType]::ParameterValue, 'Delete all scheduled jobs in the specified namespace of a particular filter')
            [CompletionResult]::new('delall', 'delall', [CompletionResultType]::ParameterValue, 'Delete all scheduled jobs in the specified namespace of a particular filter')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Export all jobs and actor reminders to a binary file, including the tracked count')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Get scheduled app job or actor reminder in Scheduler')
            [CompletionResult]::new('g', 'g', [CompletionResultType]::ParameterValue, 'Get scheduled app job or actor reminder in Scheduler')
            [CompletionResult]::new('ge', 'ge', [CompletionResultType]::ParameterValue, 'Get scheduled app job or actor reminder in Scheduler')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Import all jobs and actor reminders from a binary file generated by ''dapr scheduler export''')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List scheduled jobs in Scheduler')
            break
        }
        'dapr;scheduler;delete' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler;d' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler;del' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;delete' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;d' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;del' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler;delete-all' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler;da' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler;delall' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;delete-all' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;da' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;delall' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler;export' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output binary file to export jobs and actor reminders to')
            [CompletionResult]::new('--output-file', '--output-file', [CompletionResultType]::ParameterName, 'Output binary file to export jobs and actor reminders to')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;export' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output binary file to export jobs and actor reminders to')
            [CompletionResult]::new('--output-file', '--output-file', [CompletionResultType]::ParameterName, 'Output binary file to export jobs and actor reminders to')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler;get' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler;g' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler;ge' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;get' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;g' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;ge' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler;import' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Input file to import jobs and actor reminders from')
            [CompletionResult]::new('--input-file', '--input-file', [CompletionResultType]::ParameterName, 'Input file to import jobs and actor reminders from')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;import' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Input file to import jobs and actor reminders from')
            [CompletionResult]::new('--input-file', '--input-file', [CompletionResultType]::ParameterName, 'Input file to import jobs and actor reminders from')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;scheduler;list' {
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Filter jobs by type. Supported values are all, app, actor, workflow, activity')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;sched;list' {
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Filter jobs by type. Supported values are all, app, actor, workflow, activity')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format. One of short, wide, yaml, json')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of the Dapr application')
            [CompletionResult]::new('--scheduler-namespace', '--scheduler-namespace', [CompletionResultType]::ParameterName, 'Kubernetes namespace where the scheduler is deployed, only relevant if --kubernetes is set')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'Whose jobs: those of the embedded or of the installed runtime (default: installed when there is one)')
            [CompletionResult]::new('--etcd-address', '--etcd-address', [CompletionResultType]::ParameterName, 'Where the etcd of the installed runtime''s scheduler listens')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Perform scheduler command on a Kubernetes Dapr cluster')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;status' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format of the status. Valid values are: json, yaml, wide, or table (default)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format of the status. Valid values are: json, yaml, wide, or table (default)')
            [CompletionResult]::new('--container-runtime', '--container-runtime', [CompletionResultType]::ParameterName, 'The container runtime to look at. Supported values are docker and podman. The default is the one of dapr init')
            [CompletionResult]::new('--network', '--network', [CompletionResultType]::ParameterName, 'The Docker network on which the Dapr runtime is deployed. The default is the one of dapr init')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Show the health status of Dapr services on Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Show the health status of Dapr services on Kubernetes cluster')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;stop' {
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The application id to be stopped')
            [CompletionResult]::new('--app-id', '--app-id', [CompletionResultType]::ParameterName, 'The application id to be stopped')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Path to the run template file for the list of apps to stop')
            [CompletionResult]::new('--run-file', '--run-file', [CompletionResultType]::ParameterName, 'Path to the run template file for the list of apps to stop')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Stop everything that dapr list shows')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Stop all Dapr instances of a run template file in a Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Stop all Dapr instances of a run template file in a Kubernetes cluster')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;subscriptions' {
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Only of these application ids')
            [CompletionResult]::new('--app-id', '--app-id', [CompletionResultType]::ParameterName, 'Only of these application ids')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format of the list. Valid values are: json, yaml, wide, or table (default)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format of the list. Valid values are: json, yaml, wide, or table (default)')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;uninstall' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'The timeout for the Kubernetes uninstall')
            [CompletionResult]::new('--network', '--network', [CompletionResultType]::ParameterName, 'The Docker network from which to remove the Dapr runtime')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The Kubernetes namespace to uninstall Dapr from')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The Kubernetes namespace to uninstall Dapr from')
            [CompletionResult]::new('--container-runtime', '--container-runtime', [CompletionResultType]::ParameterName, 'The container runtime to use. Supported values are docker (default) and podman')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Uninstall Dapr from a Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Uninstall Dapr from a Kubernetes cluster')
            [CompletionResult]::new('--dev', '--dev', [CompletionResultType]::ParameterName, 'Uninstall Dapr Redis, Zipkin from Kubernetes cluster')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Remove .dapr directory, Redis, Placement, Scheduler (and default volume in self-hosted mode), and Zipkin containers on local machine, and CRDs on a Kubernetes cluster')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;upgrade' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'The timeout for the Kubernetes upgrade')
            [CompletionResult]::new('--runtime-version', '--runtime-version', [CompletionResultType]::ParameterName, 'The version of the Dapr runtime to upgrade or downgrade to, for example: 1.0.0')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Set Helm values during upgrade (can specify multiple or separate values with commas: key1=val1,key2=val2)')
            [CompletionResult]::new('--image-variant', '--image-variant', [CompletionResultType]::ParameterName, 'The image variant to use for the Dapr runtime, for example: mariner')
            [CompletionResult]::new('--image-registry', '--image-registry', [CompletionResultType]::ParameterName, 'Custom/private docker image repository URL')
            [CompletionResult]::new('--from-dir', '--from-dir', [CompletionResultType]::ParameterName, 'Self-hosted only. Use Dapr artifacts from a local directory')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Upgrade or downgrade Dapr in a Kubernetes cluster')
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Upgrade or downgrade Dapr in a Kubernetes cluster')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;version' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format of the version command. Valid values are: json')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format of the version command. Valid values are: json')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
        'dapr;wait' {
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'The application ids')
            [CompletionResult]::new('--app-id', '--app-id', [CompletionResultType]::ParameterName, 'The application ids')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'What to wait for: healthy or exited')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long to wait at most')
            [CompletionResult]::new('--runtime-path', '--runtime-path', [CompletionResultType]::ParameterName, 'The path to the dapr runtime installation directory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print this help message')
            [CompletionResult]::new('--log-as-json', '--log-as-json', [CompletionResultType]::ParameterName, 'Log output in JSON format')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
