# What a set of values is in llmx's settings file; the same as `llmx config import`, in Nix.
values:
let
  words = text: builtins.filter builtins.isString (builtins.split "\\." text);
  get = path: builtins.foldl' (set: name: if builtins.isAttrs set then set.${name} or null else null) values (words path);
  put = path: value: if path == [ ] then value else { ${builtins.head path} = put (builtins.tail path) value; };
  given = path: value: if value == null then { } else put path value;
  both = one: other:
    if builtins.isAttrs one && builtins.isAttrs other
    then one // builtins.mapAttrs (name: value: if one ? ${name} then both one.${name} value else value) other
    else other;
  list = value: if value == null then [ ] else value;
  without = names: set: removeAttrs set names;

  same = {
    "agentsMd.enabled" = "agents_md.enabled";
    "agentsMd.autoUpdate" = "agents_md.auto_update";
    "execution.nixShell.enabled" = "exec.nix_shell.enabled";
    "execution.nixShell.autoDeps" = "exec.nix_shell.auto_deps";
    "execution.nixShell.sandbox" = "exec.nix_shell.sandbox";
    "execution.terminal.wezterm.enabled" = "exec.wezterm.enabled";
    "execution.terminal.wezterm.newWindow" = "exec.wezterm.new_window";
    "execution.terminal.wezterm.monitor" = "exec.wezterm.monitor";
    "execution.isolation.enabled" = "exec.isolation.enabled";
    "execution.isolation.monitoring" = "exec.isolation.monitoring";
    "execution.isolation.timeout" = "exec.isolation.timeout";
    "claude.mcp.aws.region" = "mcp.aws.region";
    "goose.provider" = "clients.goose.active_provider";
    "goose.leadModel" = "clients.goose.GOOSE_LEAD_MODEL";
    "goose.alphaFeatures" = "clients.goose.ALPHA_FEATURES";
    "goose.mode" = "clients.goose.GOOSE_MODE";
    "opencode.theme" = "clients.opencode.theme";
    "opencode.autoupdate" = "clients.opencode.autoupdate";
    "opencode.share" = "clients.opencode.share";
    "cursor.vimMode" = "clients.cursor.editor.vimMode";
  };

  server = entry:
    without [ "type" "description" ] entry
    // (if (entry.type or "") == "sse" then { transport = "sse"; } else { });
  servers = set: if set == null || set == { } then { } else put [ "mcp" "servers" ] (builtins.mapAttrs (_: server) set);
  listed = list (get "mcp.additionalServers");
  aws = enabled:
    if enabled == null then { }
    else servers (builtins.listToAttrs (map (name: { inherit name; value = { inherit enabled; }; }) [
      "aws-api" "terraform" "eks" "cloudtrail"
    ]));
  model =
    if get "goose.model" == null || get "goose.provider" == null then { }
    else put [ "clients" "goose" "providers" (get "goose.provider") ] {
      enabled = true;
      configured = true;
      model = get "goose.model";
    };
  rules = list (get "cursor.permissions.shell.allowed")
    ++ map (verb: "kubectl ${verb}") (list (get "cursor.permissions.kubectl.allowed"));
in
builtins.foldl' both { } (
  map (option: given (words same.${option}) (get option)) (builtins.attrNames same)
  ++ [
    model
    (aws (get "claude.mcp.aws.enabled"))
    (servers (get "claude.mcp.additionalServers"))
    (servers (get "mcp.servers"))
    (if listed == [ ] then { } else put [ "mcp" "additional_servers" ] (map server listed))
    (if rules == [ ] then { } else put [ "permissions" "clients" "cursor" "allow" ] rules)
    (if get "settings" == null then { } else get "settings")
  ]
)
