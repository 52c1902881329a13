"""Names that belong together: what a package manager needs. Anybody may publish on most of them."""

GROUPS = {
    "python": ("pypi.org", "files.pythonhosted.org"),
    "node": ("registry.npmjs.org", "registry.yarnpkg.com", "nodejs.org"),
    "rust": ("crates.io", "index.crates.io", "static.crates.io", "static.rust-lang.org"),
    "go": ("proxy.golang.org", "sum.golang.org"),
    "github": (
        *("github.com", "api.github.com", "codeload.github.com", "raw.githubusercontent.com"),
        *("objects.githubusercontent.com", "release-assets.githubusercontent.com"),
    ),
    "huggingface": ("huggingface.co", "*.huggingface.co", "*.hf.co"),
}
"""What is typed after ``@`` -> the names it stands for."""
