/** The scripts that shells complete by: each asks `tetsu __complete` with the words so far, one candidate a line. */

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const completionScripts: Readonly<Record<Shell, string>> = {
  // COMP_WORDBREAKS holds = and :, so the words are taken from the line itself.
  bash: `# bash completion of tetsu; in ~/.bashrc: source <(tetsu completion bash)
_tetsu() {
  local line=\${COMP_LINE:0:COMP_POINT} words candidates current
  read -ra words <<<"$line"
  [[ $line == *' ' ]] && words+=('')
  current=\${words[-1]}
  mapfile -t candidates < <(tetsu __complete "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  local candidate broken=\${COMP_WORDS[COMP_CWORD]}
  # What bash takes for words before the last is not to be repeated.
  local ahead=\${current%"$broken"}
  [[ $broken == '=' || $broken == ':' ]] && ahead=$current
  for candidate in "\${candidates[@]}"; do
    COMPREPLY+=("\${candidate#"$ahead"}")
  done
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
  return 0
}
complete -F _tetsu tetsu
`,
  zsh: `#compdef tetsu
# zsh completion of tetsu; in ~/.zshrc, after compinit: source <(tetsu completion zsh)
_tetsu() {
  local -a candidates
  candidates=("\${(@f)$(tetsu __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  (( \${#candidates} )) && compadd -- $candidates
}
compdef _tetsu tetsu
`,
  fish: `# fish completion of tetsu; tetsu completion fish > ~/.config/fish/completions/tetsu.fish
function __tetsu_complete
  set -l words (commandline -opc) (commandline -ct)
  tetsu __complete $words[2..-1] 2>/dev/null
end
complete -c tetsu -f -a '(__tetsu_complete)'
`,
};
