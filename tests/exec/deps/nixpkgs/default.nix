# A small package set in the shape of nixpkgs: built by /bin/sh, from nothing, without a network.
{ ... }:
let
  build = name: script: derivation {
    inherit name;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    PATH = "/usr/bin:/bin";
    args = [ "-ec" script ];
  };
  program = package: command: script: build package ''
    mkdir -p $out/bin
    printf '%s\n' '#!/bin/sh' ${quote script} > $out/bin/${command}
    chmod +x $out/bin/${command}
  '';
  quote = text: "'" + builtins.replaceStrings [ "'" ] [ "'\\''" ] text + "'";
  module = name: build "python3.11-${name}" ''
    mkdir -p $out/site
    echo "version = 'of ${name}'" > $out/site/${name}.py
  '';

  # an interpreter with packages, as python3xx.withPackages makes it: bin/python that finds them
  withPackages = choose: build "python3-3.11-env" ''
    mkdir -p $out/bin
    printf '%s\n' '#!/bin/sh' 'exec env PYTHONPATH=${builtins.concatStringsSep ":" (map (p: "${p}/site") (choose self.python311Packages))} /usr/bin/python3 "$@"' > $out/bin/python
    chmod +x $out/bin/python
    cp $out/bin/python $out/bin/python3
  '';

  # what sources the hooks of buildInputs, as nixpkgs' own does
  setup = build "stdenv" ''
    mkdir -p $out/bin
    ln -s /bin/sh $out/bin/sh
    cat > $out/setup <<'END'
    PATH=
    for input in $buildInputs $initial; do
      [ -d $input/bin ] && PATH=$PATH''${PATH:+:}$input/bin
      [ -f $input/nix-support/setup-hook ] && . $input/nix-support/setup-hook
    done
    export PATH
    END
  '';

  self = {
    pkgs = self;
    stdenv = setup;
    bashInteractive = program "bash-interactive" "bash" ''exec /bin/bash "$@"'';
    runCommandCC = name: attributes: script: derivation ({
      inherit name;
      system = builtins.currentSystem;
      builder = "/bin/bash";
      stdenv = setup;
      initial = "${setup}";
    } // attributes);

    ripgrep = program "ripgrep-14" "rg" ''echo "rg from Nix: $*"'';
    fd = import ./fd.nix program;
    jq = program "jq-1.7" "jq" ''echo "jq from Nix: $*"'';
    go = program "go-1.22" "go" ''echo "go from Nix: $*"'';
    golangci-lint = program "golangci-lint-1.57" "golangci-lint" ''echo "golangci-lint from Nix: $*"'';
    true = program "true-1" "true-from-nix" "exec /bin/true";
    "7zz" = program "7zz" "7zz" "exit 0";
    failing = build "failing-1" "echo this cannot be built >&2; exit 3";
    slow = build "slow-1" "exec sleep 61";
    lib = { version = "1"; };
    function = argument: argument;

    # a library with a hook, as those bring that compilers have to find
    zlib = build "zlib-1" ''
      mkdir -p $out/lib $out/nix-support
      echo "export NIX_LDFLAGS=\"\$NIX_LDFLAGS -L$out/lib\" cc_of_build=1" > $out/nix-support/setup-hook
    '';

    python311 = { inherit withPackages; };
    python311Packages = {
      langchain = module "langchain";
      openai = module "openai";
      requests = module "requests";
      jq = module "jq";
    };
    python3 = self.python311;
    python3Packages = self.python311Packages;
  };
in
self
