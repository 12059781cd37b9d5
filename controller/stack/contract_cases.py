"""What the contract check asks: right requests, wrong ones, and places where nothing is."""

from typing import Final

from controller.plan.routes import CACHE, COMPUTE, DB, HEALTH

# n stays small: the recursion itself is not what is checked here.
RIGHT: Final = (
    HEALTH,
    *(f"{HEALTH}?{query}" for query in ("x=1", "n=-1&count=0&key=")),
    *(f"{COMPUTE}?n={n}" for n in ("0", "1", "2", "7", "20", "27", "007", "3&m=4", "3&=&&x")),
    DB,
    *(f"{DB}?{query}" for query in ("page=2", "count=1", "count=2&page=2", "count=20", "count=500")),
)
NO_WHOLE_NUMBER: Final = (
    *("", "-1", "-0", "%2B5", "abc", "1.5", "1e1", "0x10", "5%20", "5,5", "1_0"),
    *("%D9%A5", "9" * 25, "1" + "0" * 400),
)
WRONG: Final = (
    *(f"{COMPUTE}?n={value}" for value in (*NO_WHOLE_NUMBER, "46", "99999")),
    *(f"{DB}?count={value}" for value in (*NO_WHOLE_NUMBER, "0", "501", "99999")),
    *(f"{COMPUTE}?n", f"{DB}?count", f"{CACHE}?key=", f"{CACHE}?key", f"{CACHE}?x=1&key="),
)
ELSEWHERE: Final = ("/", "/api", "/api/", "/api/nothing", "/api/health/", "/API/health", "/api/db/1", "/favicon.ico")
METHODS: Final = ("POST", "PUT", "DELETE")
# Every kind of byte a key can hold: a plus that is a space, escapes of ASCII, and UTF-8 of two to four bytes.
KEY_OF_ALL_KINDS: Final = "a+b%20c%26%3D%2B%25%22%5C%2F~-_.%C3%A9%E2%82%AC%F0%9F%98%80"
