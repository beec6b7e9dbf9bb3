//! `dapr completion`: the script that completes command lines in a shell. The scripts are generated from the
//! flags and committed; `tests/generated.rs` keeps them in step.

use super::Globals;
use crate::error::Failure;

const EXAMPLES: &str = r#"# Installing bash completion on macOS using homebrew
## If running Bash 3.2 included with macOS
brew install bash-completion
## or, if running Bash 4.1+
brew install bash-completion@2
## Add the completion to your completion directory
dapr completion bash > $(brew --prefix)/etc/bash_completion.d/dapr
source ~/.bash_profile

# Installing bash completion on Linux
## If bash-completion is not installed on Linux, please install the 'bash-completion' package
## via your distribution's package manager.
## Load the dapr completion code for bash into the current shell
source <(dapr completion bash)
## Write bash completion code to a file and source it from .bash_profile
dapr completion bash > ~/.dapr/completion.bash.inc
printf "source '$HOME/.dapr/completion.bash.inc'\n" >> $HOME/.bash_profile
source $HOME/.bash_profile

# Installing zsh completion
## If shell completion is not already enabled in your environment, enable it once
echo "autoload -U compinit; compinit" >> ~/.zshrc
## Load completions for each session
dapr completion zsh > "${fpath[1]}/_dapr"
source ~/.zshrc

# Installing fish completion
dapr completion fish | source
## Load completions for each session
dapr completion fish > ~/.config/fish/completions/dapr.fish

# Installing PowerShell completion
## Create $PROFILE if it does not exist, then load completions for each session
if (!(Test-Path -Path $PROFILE)) { New-Item -ItemType File -Path $PROFILE -Force }
dapr completion powershell >> $PROFILE"#;

/// Flags of `completion`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell; without one the help is shown.
    #[command(subcommand)]
    pub shell: Option<Shell>,
}

/// The shells for which there is a script.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub enum Shell {
    /// Generates bash completion scripts
    Bash,
    /// Generates fish completion scripts
    Fish,
    /// Generates powershell completion scripts
    Powershell,
    /// Generates zsh completion scripts
    Zsh,
}

/// Prints the script for a shell.
pub fn run(shell: Shell, globals: &Globals) -> Result<u8, Failure> {
    globals.finish(match shell {
        Shell::Bash => include_str!("../../completions/dapr.bash"),
        Shell::Fish => include_str!("../../completions/dapr.fish"),
        Shell::Powershell => include_str!("../../completions/_dapr.ps1"),
        Shell::Zsh => include_str!("../../completions/_dapr"),
    })
}
