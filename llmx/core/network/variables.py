"""Environment variables by which programs learn of the proxy; each is here because some program knows no other."""

from llmx.core.network import PROXY_PORT


def proxy_variables(port: int = PROXY_PORT) -> dict[str, str]:
    """For a proxy on that port of the command's own loopback."""
    url, direct = f"http://127.0.0.1:{port}", "localhost,127.0.0.1,::1"
    both_cases = {"HTTP_PROXY": url, "HTTPS_PROXY": url, "ALL_PROXY": url, "NO_PROXY": direct}
    return {
        **both_cases,
        **{name.lower(): value for name, value in both_cases.items()},
        "NODE_USE_ENV_PROXY": "1",
        # what the user's own configuration may say otherwise, and these win over
        "PIP_PROXY": url,
        "npm_config_proxy": url,
        "npm_config_https_proxy": url,
        "npm_config_noproxy": direct,
        "YARN_HTTP_PROXY": url,
        "YARN_HTTPS_PROXY": url,
        "CARGO_HTTP_PROXY": url,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.proxy",
        "GIT_CONFIG_VALUE_0": url,
        "JAVA_TOOL_OPTIONS": " ".join(
            [f"-D{scheme}.proxyHost=127.0.0.1 -D{scheme}.proxyPort={port}" for scheme in ("http", "https")]
            + ["-Dhttp.nonProxyHosts=localhost|127.*|[::1]"]
        ),
    }
