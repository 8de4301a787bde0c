"""A machine in a folder: the files that the kernel and the system would show."""

from __future__ import annotations

from pathlib import Path
from typing import Final

STAT: Final = """cpu  1000 0 500 8000 400 0 100 0 0 0
cpu0 500 0 250 4000 200 0 50 0 0 0
cpu1 500 0 250 4000 200 0 50 0 0 0
btime 1700000000
procs_running 3
procs_blocked 1
"""
LATER_STAT: Final = """cpu  1060 0 520 8090 420 0 100 10 0 0
cpu0 550 0 250 4050 200 0 50 0 0 0
cpu1 510 0 270 4040 220 0 50 10 0 0
procs_running 1
procs_blocked 0
"""
MEMINFO: Final = """MemTotal:       16000000 kB
MemFree:         1000000 kB
MemAvailable:    4000000 kB
Buffers:          100000 kB
Cached:          2000000 kB
SwapTotal:       2000000 kB
SwapFree:        1500000 kB
"""
ARCSTATS: Final = """13 1 0x01 123 33456 4422 1234
name                            type data
hits                            4    99
size                            4    6144000000
c_min                           4    1024000000
"""
MOUNTINFO: Final = """22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 8:1 / / ro,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
28 27 8:1 /srv /srv/bind rw,relatime - ext4 /dev/sda1 rw
29 27 0:40 / /mnt/nas rw - nfs4 nas.lan:/volume1 rw
30 27 0:41 / /tank rw - zfs tank rw
31 30 0:42 / /tank/media rw - zfs tank/media rw
32 27 0:43 / /run rw - tmpfs tmpfs rw
33 27 8:2 / /mnt/my\\040disk ro - vfat /dev/sda2 ro
"""
DISKSTATS: Final = """   8       0 sda 100 0 2000 10 50 0 4000 20 0 500 30
   8       1 sda1 100 0 2000 10 50 0 4000 20 0 500 30
   7       0 loop0 9 0 9 9 9 9 9 9 9 9 9
"""
NET_DEV: Final = """Inter-|   Receive                  |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo: 99 1 0 0 0 0 0 0 99 1 0 0 0 0 0 0
  eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0
vethab12: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0
"""


class Machine:
    """The root folder of a machine."""

    def __init__(self, root: Path) -> None:
        """Write what a plain machine shows."""
        self.root = root
        self.put("proc/stat", STAT)
        self.put("proc/meminfo", MEMINFO)
        self.put("proc/loadavg", "0.50 0.25 0.10 1/234 999\n")
        self.put("proc/uptime", "3600.50 7000.00\n")
        self.put("proc/self/mountinfo", MOUNTINFO)
        self.put("proc/diskstats", DISKSTATS)
        self.put("proc/net/dev", NET_DEV)
        self.put("proc/1/environ", "PATH=/bin\0")
        self.put("proc/42/comm", "sleep\n")
        self.put("proc/sys/kernel/hostname", "nas\n")
        self.put("proc/sys/kernel/osrelease", "6.1.0-13-amd64\n")
        self.put("proc/sys/kernel/random/boot_id", "first-boot\n")
        self.put("proc/pressure/memory", "some avg10=1.50 avg60=2.50 avg300=3.00 total=9\n")
        self.put("proc/pressure/cpu", "some avg10=1 avg60=2 avg300=3 total=9\nfull avg10=0 total=0")
        self.put("etc/os-release", 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
        self.put("sys/block/sda/size", "1")
        self.put("sys/block/loop0/size", "1")
        self.put("sys/class/net/eth0/operstate", "up\n")
        self.put("sys/class/net/eth0/speed", "1000\n")
        for name in ("mnt/nas", "mnt/my disk", "tank/media", "srv/bind"):
            (root / name).mkdir(parents=True)

    def put(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
