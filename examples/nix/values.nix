# The options of `llm`, as documents of Nix users have them; `llmx config import values.nix` takes them over.
{
  llm = {
    agentsMd = {
      enabled = true;
      autoUpdate = true;
    };
    execution = {
      nixShell = {
        enabled = true;
        autoDeps = true;
        sandbox = true;
      };
      terminal.wezterm = {
        enabled = true;
        newWindow = true;
        monitor = true;
      };
      isolation = {
        enabled = true;
        monitoring = true;
        timeout = 300;
      };
    };
    claude = {
      enabled = true;
      mcp.aws = {
        region = "us-east-1";
        enabled = false;
      };
      mcp.additionalServers = { };
    };
    goose = {
      enabled = true;
      provider = "github_copilot";
      model = "gpt-4o-mini";
      leadModel = null;
      alphaFeatures = true;
      mode = "smart_approve";
    };
    opencode = {
      enabled = true;
      theme = "auto";
      autoupdate = true;
      share = "disabled";
    };
    cursor = {
      enabled = true;
      permissions.shell.allowed = [ "ls" "cat" "git status" ];
      permissions.kubectl.allowed = [ "get" "describe" ];
      vimMode = true;
    };
    mcp = {
      servers.docs = {
        command = "npx";
        args = [ "-y" "docs-server" ];
        env.TOKEN = "\${DOCS_TOKEN}";
        description = "A server for all agents";
      };
      additionalServers = [
        {
          name = "web";
          type = "http";
          url = "http://localhost:8080/mcp";
          enabled = true;
        }
      ];
    };
    settings = {
      prompts.ai-engineer.kind = "subagent";
    };
  };
}
