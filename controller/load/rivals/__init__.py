"""Other load generators, run as programs of their own beside FastServe's; one more is a module and a line here."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from controller.load.rivals.ab import run_ab
from controller.load.rivals.h2load import run_h2load_logged
from controller.load.rivals.k6 import run_k6
from controller.load.rivals.oha import run_oha
from controller.load.rivals.process import Burst
from controller.load.rivals.wrk import run_wrk
from controller.measure.spent import Taken

RIVALS: Final[Mapping[str, Callable[[Burst], Taken]]] = MappingProxyType(
    {"wrk": run_wrk, "ab": run_ab, "h2load": run_h2load_logged, "k6": run_k6, "oha": run_oha}
)
