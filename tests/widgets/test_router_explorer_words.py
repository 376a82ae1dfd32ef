import re

from routingkit import HERE

import softmoe_edu.routers
from softmoe_edu.routers import ROUTERS
from softmoe_edu.routers.tokens_choice import GATINGS, PRIORITIES
from softmoe_edu.routing import Routing
from softmoe_edu.widgets.router_explorer import CHOICES, IN_BROWSER, SETTINGS, RouterExplorer


def listed(name: str) -> list[str]:
    """The strings of a list in the scripts."""
    return re.findall(r'"([\w /]+)"', re.search(rf"const {name} = \[(.*?)\];", RouterExplorer._esm, re.DOTALL)[1])


def test_the_browser_knows_the_same_words() -> None:
    """Routers are among the library's; gatings, priorities, steps and settings are all of its own, in its order."""
    assert listed("ROUTERS") == list(CHOICES["router"]) == [name for name in ROUTERS if name in IN_BROWSER]
    assert listed("GATINGS") == list(CHOICES["gating"]) == list(GATINGS)
    assert listed("PRIORITIES") == list(CHOICES["priority"]) == list(PRIORITIES)
    assert listed("STEPS") == list(CHOICES["step"])
    assert listed("SETTINGS") == list(SETTINGS)


def test_every_synced_trait_is_read_by_the_script() -> None:
    """A trait that the script neither gets nor lists would do nothing."""
    own = {n for n, trait in RouterExplorer.class_traits(sync=True).items() if trait.this_class is RouterExplorer}

    script = RouterExplorer._esm
    read = set(re.findall(r'model\.get\("(\w+)"\)', script)) | set(listed("SETTINGS"))
    for names in re.findall(r"= \[([^\]]*?)\]\.map\(name => model\.get\(name\)\)", script):
        read |= set(re.findall(r"\w+", names))
    if "SELECTION.map(name => [name, model.get(name)])" in script:
        read |= {"token", "expert", "slot"}
    assert own - read == set()


def test_the_lines_of_code_name_what_the_library_has() -> None:
    """Each function in the code of a step exists."""
    words = (HERE / "router_explorer_words.js").read_text("utf-8")
    called = set(re.findall(r"\b(\w+)\((?:logits|experts, gates|gates, capacity)", words))

    assert called >= {"dispatch_weights", "combine_weights", "choose_experts", "assign_tokens", "assign_experts"}
    assert [name for name in called if not hasattr(softmoe_edu.routers, name)] == []
    for method in ("to_slots", "to_tokens"):
        assert f"routing.{method}(" in words
        assert hasattr(Routing, method)
    assert "router.score(x)" in words
    assert hasattr(softmoe_edu.routers.SoftRouter, "score")
