"""Which keys of a git configuration run programs, and which are a run's own business."""

import pytest

from llmx.core.sandbox.command_keys import runs_later

RUN = """
core.hookspath core.fsmonitor core.sshcommand core.editor core.pager core.askpass core.gitproxy sequence.editor
filter.lfs.clean filter.x.smudge filter.x.process alias.st include.path includeif.gitdir:/x.path credential.helper
credential.https://x.helper pager.log diff.external diff.pdf.command diff.pdf.textconv difftool.x.cmd
mergetool.x.cmd merge.x.driver gpg.program gpg.ssh.program gpg.ssh.defaultkeycommand remote.origin.uploadpack
remote.origin.receivepack remote.origin.vcs uploadpack.packobjectshook protocol.ext.allow safe.directory
url.x.insteadof tar.tgz.command trailer.x.command trailer.x.cmd sendemail.smtpserver imap.tunnel instaweb.httpd
browser.x.cmd man.x.cmd interactive.difffilter init.templatedir hook.x.command lfs.customtransfer.x.path
lfs.standalonetransferagent guitool.x.cmd http.proxy http.https://x.sslverify core.alternaterefscommand
gc.recentobjectshook annex.secure-erase-command foo.bar.somecommand merge.tool merge.guitool diff.tool diff.guitool
rebase.instructionformat http.cookiefile http.https://x.savecookies http.sslkey svn.authorsprog
gitflow.path.hooks remote.x.annex-ssh-options annex.x-store-hook tig.bind.generic
"""

HARMLESS = """
core.filemode core.bare core.autocrlf core.ignorecase user.name user.email remote.origin.url remote.origin.fetch
branch.main.remote branch.main.merge branch.main.rebase push.default pull.rebase submodule.x.url submodule.x.active
extensions.objectformat color.ui diff.algorithm merge.conflictstyle gc.auto commit.gpgsign user.signingkey
lfs.repositoryformatversion lfs.https://x.access rerere.enabled
"""


@pytest.mark.parametrize("key", RUN.split())
def test_a_key_that_runs_a_program_counts(key):
    assert runs_later(key.encode(), b"x", "/work/.git", "/work")


@pytest.mark.parametrize("key", HARMLESS.split())
def test_a_key_that_does_not_is_left_alone(key):
    assert not runs_later(key.encode(), b"x", "/work/.git", "/work")


@pytest.mark.parametrize(
    ("value", "outcome"), [(b"!touch x", True), (b"rebase", False), (b"checkout", False), (None, False)]
)
def test_how_a_submodule_is_updated_counts_when_it_is_a_command(value, outcome):
    assert runs_later(b"submodule.x.update", value, "/work/.git", "/work") is outcome


@pytest.mark.parametrize(
    ("value", "outcome"),
    [("../../../sub", False), ("../../../../elsewhere", True), ("/etc", True), ("../../../out", True)],
)
def test_a_work_tree_elsewhere_counts(tmp_path, value, outcome):
    work = tmp_path / "work"
    (work / ".git/modules/sub").mkdir(parents=True)
    (work / "out").symlink_to("/etc")
    assert runs_later(b"core.worktree", value.encode(), f"{work}/.git/modules/sub", str(work)) is outcome
