# A module of home-manager: writes llmx's settings file, and the coding agents' files when a generation is activated.
#
#   imports = [ ./home-manager.nix ];
#   programs.llmx = {
#     enable = true;
#     values = (import ./values.nix).llm;
#     clients = [ "claude" "goose" ];
#   };
{ config, lib, pkgs, ... }:
let
  cfg = config.programs.llmx;
  settings = import ./settings.nix cfg.values;
in
{
  options.programs.llmx = {
    enable = lib.mkEnableOption "llmx, and the coding agents that it configures";
    program = lib.mkOption {
      type = lib.types.str;
      default = "${config.home.homeDirectory}/.local/bin/llmx";
      description = "The llmx that writes the agents' files.";
    };
    values = lib.mkOption {
      type = lib.types.attrsOf lib.types.anything;
      default = { };
      description = "The set of values; `settings` in it holds llmx's own keys. `llmx config export nix` prints yours.";
    };
    clients = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "The agents whose files are written; without any, those that are there.";
    };
  };

  config = lib.mkIf cfg.enable {
    xdg.configFile."llmx/config.toml".source = (pkgs.formats.toml { }).generate "llmx-config.toml" settings;
    home.activation.llmxClients = lib.hm.dag.entryAfter [ "linkGeneration" ] ''
      if [ -x ${lib.escapeShellArg cfg.program} ]; then
        run ${lib.escapeShellArg cfg.program} client apply --user ${lib.escapeShellArgs cfg.clients} \
          || warnEcho "llmx client apply: not all agents follow; llmx client check says why"
      else
        warnEcho "llmx is not at ${cfg.program}: the agents' files stay as they are"
      fi
    '';
  };
}
