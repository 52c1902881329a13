program: program "fd-10" "fd" ''echo "fd from Nix: $*"''
