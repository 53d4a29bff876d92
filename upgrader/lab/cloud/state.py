"""The cloud's whole state as plain data: one store for each product, the rules in force, deterministic ids.

The same seed and the same requests give the same ids, addresses and answers. `save` and `load` are JSON.
"""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import Struct, field

from upgrader.lab.cloud.cs.model import CsStore
from upgrader.lab.cloud.ecs.model import EcsStore
from upgrader.lab.cloud.misc.model import MiscStore
from upgrader.lab.cloud.nlb.model import NlbStore
from upgrader.lab.cloud.ram.model import RamStore
from upgrader.lab.cloud.slb.model import SlbStore
from upgrader.lab.cloud.vpc.model import VpcStore

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class Rules(Struct, kw_only=True):
    """What this cloud is strict about.

    `weights_to_100`: refuse a weight above 100 (documented; CCM from v2.1.0 sends more, see the forecast).
    `adopt_unknown`: take unknown instances, interfaces, vSwitches and VPCs as existing, for a Kubernetes cluster that
    runs elsewhere. `enforce_ram`: policies decide. `arrears`: the account can't buy. `nlb_create_s`, `nlb_job_s`: how
    long an NLB and its jobs take.
    """

    weights_to_100: bool = False
    adopt_unknown: bool = False
    enforce_ram: bool = True
    arrears: str = ""
    nlb_create_s: float = 0.5
    nlb_job_s: float = 0.2
    skew_s: float = 900.0


class Answered(Struct, kw_only=True):
    """What a ClientToken was answered: the same token with the same parameters gets it again."""

    fingerprint: str
    answer: msgspec.Raw


class World(Struct, kw_only=True):
    """One account of the cloud."""

    seed: int = 0
    account_id: str = "1098765432101234"
    region: str = "cn-hangzhou"
    counters: dict[str, int] = {}
    rules: Rules = field(default_factory=Rules)
    ecs: EcsStore = field(default_factory=EcsStore)
    vpc: VpcStore = field(default_factory=VpcStore)
    slb: SlbStore = field(default_factory=SlbStore)
    nlb: NlbStore = field(default_factory=NlbStore)
    ram: RamStore = field(default_factory=RamStore)
    cs: CsStore = field(default_factory=CsStore)
    misc: MiscStore = field(default_factory=MiscStore)
    answered: dict[str, Answered] = {}

    def count(self, name: str) -> int:
        """The next number of a sequence, from 1."""
        number = self.counters.get(name, 0) + 1
        self.counters[name] = number
        return number

    def new_id(self, prefix: str, length: int = 20) -> str:
        """A fresh id such as `lb-bp1…`, the same for the same seed and history."""
        number = self.count(prefix)
        value = int.from_bytes(hashlib.sha256(f"{self.seed}/{prefix}/{number}".encode()).digest()[:16])
        text = ""
        while len(text) < length:
            value, place = divmod(value, 36)
            text += _ALPHABET[place]
        return f"{prefix}-{text}"

    def new_bp1(self, kind: str, length: int = 14) -> str:
        """A fresh id in the form that most products use: `lb-bp1…`."""
        return self.new_id(f"{kind}-bp1", length).replace("-bp1-", "-bp1", 1)

    def new_hex(self, prefix: str, length: int) -> str:
        """Fresh hexadecimal digits."""
        number = self.count(prefix)
        return hashlib.sha256(f"{self.seed}/{prefix}/{number}".encode()).hexdigest()[:length]

    def new_public_ip(self) -> str:
        """A fresh public address."""
        number = self.count("public-ip")
        return f"47.{96 + number // 65025}.{number // 255 % 255}.{number % 255 + 1}"

    def save(self) -> bytes:
        """The state as JSON."""
        return msgspec.json.encode(self, order="sorted")

    @classmethod
    def load(cls, data: bytes) -> World:
        """The state that `save` wrote."""
        return msgspec.json.decode(data, type=cls)
