import re

from nodekit import JS, run_node

import softmoe_edu.routers
from softmoe_edu.routers import ROUTERS
from softmoe_edu.routers.tokens_choice import GATINGS, PRIORITIES
from softmoe_edu.routing import Routing
from softmoe_edu.widgets.router_explorer import CHOICES, IN_BROWSER, SETTINGS, RouterExplorer


def listed(name: str) -> list[str]:
    """A list that the scripts export."""
    return run_node(("arithmetic/routing.js", "router_explorer/state.js"), name)


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
    assert own - read == set()


def test_the_lines_of_code_name_what_the_library_has() -> None:
    """Each function in the code of a step exists."""
    words = (JS / "router_explorer" / "words.js").read_text("utf-8")
    called = set(re.findall(r"\b(\w+)\((?:logits|experts, gates|gates, capacity)", words))

    assert called >= {"dispatch_weights", "combine_weights", "choose_experts", "assign_tokens", "assign_experts"}
    assert [name for name in called if not hasattr(softmoe_edu.routers, name)] == []
    for method in ("to_slots", "to_tokens"):
        assert f"routing.{method}(" in words
        assert hasattr(Routing, method)
    assert "router.score(x)" in words
    assert hasattr(softmoe_edu.routers.SoftRouter, "score")
