"""What the shells must know to ask rnnlab for completions: a script for each, and where it goes.

A script calls `_RNNLAB_COMPLETE=complete_SHELL rnnlab WORD... CURRENT`: the words before the cursor as arguments, then
the one at the cursor, cut there. The answer is a line per candidate, in zsh and fish with its meaning.
"""

import os
import subprocess
from pathlib import Path

from rnnlab.errors import OutputError, UsageError
from rnnlab.files import make_folders

# bash splits words at = and :, and replaces only the last piece; the first loop puts them together again.
BASH = r"""# bash completion for rnnlab
_rnnlab() {
    local rest=${COMP_LINE:0:COMP_POINT} piece words=() i n=-1 blank
    for ((i = 0; i <= COMP_CWORD; i++)); do
        blank=${rest%%[![:space:]]*}
        rest=${rest#"$blank"}
        piece=${COMP_WORDS[i]}
        if ((i == COMP_CWORD)); then piece=$rest; fi
        if [[ -n $blank || $i == 0 ]]; then n=$((n + 1)) words[n]=""; fi
        words[n]+=$piece
        rest=${rest#"$piece"}
    done
    local current=${words[n]} kept=""
    if [[ $piece =~ ^[$COMP_WORDBREAKS]*$ ]]; then kept=$current; else kept=${current%"$piece"}; fi
    COMPREPLY=()
    while IFS= read -r piece; do
        COMPREPLY+=("${piece#"$kept"}")
    done < <(_RNNLAB_COMPLETE=complete_bash "${1/#\~/$HOME}" "${words[@]:1}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=./] ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -o nosort -F _rnnlab rnnlab 2>/dev/null || complete -o default -F _rnnlab rnnlab
"""
ZSH = r"""#compdef rnnlab
# zsh completion for rnnlab
_rnnlab() {
    local line
    local -a whole open
    while IFS= read -r line; do
        if [[ ${line%%$'\t'*} == *[=./] ]]; then open+=("$line"); else whole+=("$line"); fi
    done < <(_RNNLAB_COMPLETE=complete_zsh "${(Q)words[1]}" "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
    if (( ! ${#whole} && ! ${#open} )); then
        _files
        return
    fi
    local -a names shown
    names=("${(@)whole%%$'\t'*}") shown=("${(@)whole/$'\t'/  }")
    (( ${#whole} )) && compadd -Q -l -V rnnlab -d shown -a names
    names=("${(@)open%%$'\t'*}") shown=("${(@)open/$'\t'/  }")
    (( ${#open} )) && compadd -Q -S '' -l -V rnnlab-open -d shown -a names
}
if [[ ${funcstack[1]} == _rnnlab ]]; then _rnnlab "$@"; else compdef _rnnlab rnnlab; fi
"""
FISH = r"""# fish completion for rnnlab
function __rnnlab_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found (env _RNNLAB_COMPLETE=complete_fish $words[1] $words[2..] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c rnnlab -f -a '(__rnnlab_complete)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def shell_in_use() -> str:
    """The shell that started this process, else the one of the account.

    Raises
    ------
    UsageError
        If it is none that rnnlab knows.
    """
    named = [Path(name.strip().lstrip("-")).name for name in (_parent(), os.environ.get("SHELL", ""))]
    found = next((name for name in named if name in SCRIPTS), None)
    if found is None:
        raise UsageError(
            f"Completion works in bash, zsh and fish; this is {named[1] or 'another shell'}.",
            hint="_RNNLAB_COMPLETE=source_bash rnnlab prints the script for bash",
        )
    return found


def _parent() -> str:
    """What the process that started this one is called; nothing where there is no `ps`, as in many containers."""
    try:
        asked = ["ps", "-o", "comm=", "-p", str(os.getppid())]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def install(shell: str) -> tuple[Path, Path | None]:
    """Write the script into the home folder, and have the shell read it.

    Returns
    -------
    script : Path
    startup : Path or None
        The file of the shell's own that a line was added to; None where none was needed.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    zsh_home = Path(os.environ.get("ZDOTDIR") or home)
    script, startup = {
        "bash": (data / "rnnlab/completion.bash", home / ".bashrc"),
        "zsh": (data / "rnnlab/completion.zsh", zsh_home / ".zshrc"),
        "fish": (config / "fish/completions/rnnlab.fish", None),
    }[shell]
    try:
        make_folders(script.parent)
        script.write_text(SCRIPTS[shell], encoding="utf-8")
        return script, startup if startup and _add_line(startup, _line(shell, script)) else None
    except OSError as error:
        raise OutputError(f"cannot write {error.filename}: {error.strerror}") from error


def _line(shell: str, script: Path) -> str:
    from shlex import quote

    # zsh's compdef is there only after compinit.
    ready = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }; " if shell == "zsh" else ""
    return f"{ready}source {quote(str(script))}"


def _add_line(file: Path, line: str) -> bool:
    """Append a line where it is not there yet, and say whether it was."""
    text = file.read_text(encoding="utf-8", errors="surrogateescape") if file.exists() else ""
    if line in text.splitlines():
        return False
    with file.open("a", encoding="utf-8") as out:
        out.write(f"{'' if text.endswith(chr(10)) or not text else chr(10)}{line}\n")
    return True
