"""What stands around an entity, as a tree: each entity once, at its shortest way from the root."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from rich.text import Text
from rich.tree import Tree

from service.cli.console import one_line, plain
from service.cli.graph_rows import properties_text
from service.graph.picture import Entity, Graph, Relationship


class Link(NamedTuple):
    """A relationship as one of its ends sees it."""

    way: Literal["→", "←"]
    kind: str
    other: str
    weight: float

    def relationship(self, end: str) -> Relationship:
        """The same, as nobody in particular sees it."""
        source, target = (end, self.other) if self.way == "→" else (self.other, end)
        return Relationship(source, target, self.kind, self.weight)


def tree_of(graph: Graph, root: str) -> Tree:
    """The tree from *root*, the heaviest relationships first, each of them once.

    An entity that stands elsewhere in the tree is named again, but not unfolded.
    """
    tree = Tree(_entity(graph.entity(root)), guide_style="dim")
    branches = {root: tree}
    order = [root]
    seen: set[Relationship] = set()
    for end in order:  # It grows meanwhile: nearer entities come first.
        for link in sorted(_links(graph, end), key=_heaviest):
            one = link.relationship(end)
            if one in seen:
                continue
            seen.add(one)
            again = link.other in branches
            branch = branches[end].add(_line(link, graph.entity(link.other), again=again))
            if not again:
                branches[link.other] = branch
                order.append(link.other)
    return tree


def _links(graph: Graph, end: str) -> Iterator[Link]:
    for other, kinds in graph.out[end].items():
        yield from (Link("→", kind, other, weight) for kind, weight in kinds.items())
    for other, kinds in graph.into[end].items():
        if other != end:
            yield from (Link("←", kind, other, weight) for kind, weight in kinds.items())


def _heaviest(link: Link) -> tuple[float, str, str, str]:
    return (-link.weight, link.kind, link.way, link.other)


def _entity(entity: Entity, weight: str = "") -> Text:
    told = [one_line(entity.id, "bold") + plain(weight, "dim"), one_line(entity.label, "cyan")]
    if entity.properties:
        told.append(properties_text(entity.properties))
    return _cut_off(Text("  ").join(told))


def _line(link: Link, entity: Entity, *, again: bool) -> Text:
    weight = "" if link.weight == 1 else f" ({link.weight:g})"
    before, behind = ("", " → ") if link.way == "→" else ("← ", " — ")
    other = one_line(entity.id, "dim") + plain(weight, "dim") if again else _entity(entity, weight)
    return _cut_off(Text.assemble(before, one_line(link.kind), behind, other))


def _cut_off(line: Text) -> Text:
    """*line*, to be cut where a terminal ends, not folded."""
    line.no_wrap, line.overflow = True, "ellipsis"
    return line
