# SPDX-License-Identifier: Apache-2.0
"""Other versions beside the machine's own: folders of other Debians, made by debootstrap and kept in the build folder. In NewerSandbox
programs of a newer one see the sandbox's product, configuration, accounts and syslog; their libraries, PAM modules and sshd are their own.
"""
import fcntl
import glob
import os
import shutil
import subprocess
import zlib

import private
import sandbox

SUITE = "trixie"
RUN = "openssh-server,libpam-google-authenticator,valkey-server,redis-server"
BUILD = ("gcc,libc6-dev,cmake,ninja-build,pkg-config,check,libpam0g-dev,libaudit-dev,python3-minimal,libpython3-stdlib,libhiredis-dev,libmaxminddb-dev,libssl-dev,libinih-dev,libjansson-dev,"
         "libsqlite3-dev,libsmartcols-dev,libssh-dev,openssl")
MAKING_S = 600
PRODUCT = ("/usr/local/libexec/hopwarden-keys", "/usr/local/libexec/hopwarden-principals")
SHARED = ("/dev", "/proc", "/run", "/usr/local", "/etc/ssh", "/etc/hopwarden", "/var/lib/hopwarden", "/var/log")


def mirror():
    """Where this machine itself gets Debian from; None where it gets it from nowhere."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(LABEL) $(COMPONENT)", "Created-By: Packages"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    sources = [line.split() for line in done.stdout.splitlines()]
    return next((words[0] for words in sources if words[1:] == ["Debian", "Debian", "main"]), None)


def make(build, suite=SUITE, packages=f"{RUN},{BUILD}"):
    """The folder, made if it is not there yet; or None and why it cannot be made here. Before the sandbox hides the network's names."""
    folder = os.path.join(build, f"debian-{suite}-{zlib.crc32(packages.encode()):08x}")
    with open(f"{folder}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other tests want the same one
        return (folder, "") if os.path.isdir(folder) else _make(folder, suite, packages)


def _make(folder, suite, packages):
    part = f"{folder}.part"
    if not shutil.which("debootstrap", path=os.environ.get("PATH", "") + ":/usr/sbin"):
        return None, "debootstrap is not installed"
    source = mirror()
    if source is None:
        return None, "this machine gets Debian's packages from nowhere"
    shutil.rmtree(part, ignore_errors=True)
    try:
        done = subprocess.run(["debootstrap", "--variant=minbase", f"--include={packages}", suite, part, source], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=MAKING_S)
    except subprocess.TimeoutExpired:
        return None, f"debootstrap {suite} from {source}: not done in {MAKING_S} s"
    if done.returncode != 0:
        return None, f"debootstrap {suite} from {source}: " + " ".join(done.stdout.splitlines()[-2:])
    for mounted in ("proc", "sys"):
        if os.path.ismount(f"{part}/{mounted}"):
            private.unmount(f"{part}/{mounted}")
    for place in ("etc/hopwarden", "var/lib/hopwarden", "srv/source", "srv/build"):
        os.makedirs(f"{part}/{place}", exist_ok=True)
    os.rename(part, folder)
    return folder, ""


class NewerSandbox(sandbox.Sandbox):
    """A sandbox whose sshd is the newer one; the client is the machine's own."""

    def __init__(self, folder, newer):
        super().__init__(folder)
        self._newer = newer
        self.root = self.path("newer")

    def sshd_program(self):
        return ["/usr/sbin/chroot", self.root, "/usr/sbin/sshd"]

    def start_sshd(self, *words, **more):
        if not os.path.exists(self.root):
            self._enter()
        self._copy_identities()
        super().start_sshd(*words, **more)

    def _enter(self):
        os.makedirs(self.root)
        private.bind(self._newer, self.root)
        self._own("/etc")
        self._own(self._module_folder())
        for place in SHARED:
            private.bind(place, self.root + place)
        private.mount("tmpfs", f"{self.root}/tmp", "tmpfs", private.MS_NOSUID | private.MS_NODEV, "mode=1777")
        os.makedirs(self.root + self.folder)
        private.bind(self.folder, self.root + self.folder)
        self._bring_module_and_libraries()

    def _own(self, place):
        """A copy that may be changed in the place of the kept folder's."""
        own = self.path("over", "newer" + place.replace("/", "_"))
        shutil.copytree(self.root + place, own, symlinks=True)
        private.bind(own, self.root + place)

    def _module_folder(self):
        return os.path.dirname(glob.glob("/usr/lib/*/security/pam_hopwarden.so")[0])

    def _bring_module_and_libraries(self):
        module = f"{self._module_folder()}/pam_hopwarden.so"
        shutil.copy2(module, self.root + module)
        for program in (module, *PRODUCT):
            for line in sandbox.run("ldd", program).stdout.splitlines():
                name, _, rest = line.strip().partition(" => ")
                if rest and not glob.glob(f"{self.root}/usr/lib/*/{name}") and not os.path.exists(f"/usr/local/lib/{name}"):
                    shutil.copy2(rest.split()[0], f"/usr/local/lib/{name}")
        sandbox.run("chroot", self.root, "ldconfig")

    def _copy_identities(self):
        for name in ("passwd", "group", "shadow", "nsswitch.conf", "hosts", "pam.d/sshd"):
            shutil.copy2(f"/etc/{name}", f"{self.root}/etc/{name}")
