"""Nodes of a YAML document become plain values with places; what YAML allows and we do not is refused."""

from __future__ import annotations

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from platformctl.config.layer import Layer, Tree
from platformctl.config.problems import Keys, Place, shown

DEEPEST = 12
_TAG = "tag:yaml.org,2002:"
_PLAIN = {"str", "int", "float", "bool", "null", "timestamp", "merge", "value"}
_UNREAD = object()  # a value that was refused, so that it is reported once and not again by the schema


def take(root: Node, layer: Layer) -> None:
    """Fill the layer from the document's root."""
    if _refused(root, (), layer):
        return
    if isinstance(root, MappingNode):
        layer.data.update(_mapping(root, (), layer))
    else:
        layer.at(_place(root, layer), (), "must hold settings as `key: value` lines, nothing else")


def _place(node: Node, layer: Layer) -> Place:
    return Place(layer.source, node.start_mark.line + 1, node.start_mark.column + 1)


def _refused(node: Node, path: Keys, layer: Layer) -> bool:
    kind = _kind(node)
    allowed = {MappingNode: {"map"}, SequenceNode: {"seq"}, ScalarNode: _PLAIN}[type(node)]
    if node.anchor:
        layer.at(_place(node, layer), path, "anchors and aliases are not read here: write the value out")
    elif kind not in allowed:
        layer.at(_place(node, layer), path, f"the tag {shown(kind)} is not known here")
    elif len(path) > DEEPEST:
        layer.at(_place(node, layer), path[:1], "is nested too deeply")
    else:
        return False
    return True


def _kind(node: Node) -> str:
    return str(node.tag).removeprefix(_TAG)


def _mapping(node: MappingNode, path: Keys, layer: Layer) -> Tree:
    found: Tree = {}
    for key, value in node.value:
        name = _key(key, path, layer)
        if name is None:
            continue
        here = (*path, name)
        if here in layer.keys:
            first = layer.keys[here].line
            layer.at(_place(key, layer), here, f"is set twice; the first time in line {first}")
            continue
        layer.keys[here] = _place(key, layer)
        read = _value(value, here, layer)
        if read is not _UNREAD:
            found[name] = read
    return found


def _key(node: Node, path: Keys, layer: Layer) -> str | None:
    if _refused(node, path, layer):
        return None
    if _kind(node) == "merge":
        layer.at(_place(node, layer), path, "merge keys (<<) are not read here: write the settings out")
    elif _kind(node) != "str":
        layer.at(_place(node, layer), path, "a key must be text")
    else:
        return node.value
    return None


def _value(node: Node, path: Keys, layer: Layer) -> object:
    layer.values[path] = _place(node, layer)
    if _refused(node, path, layer):
        return _UNREAD
    if isinstance(node, MappingNode):
        return _mapping(node, path, layer)
    if isinstance(node, SequenceNode):
        read = [_value(each, (*path, index), layer) for index, each in enumerate(node.value)]
        return _UNREAD if any(each is _UNREAD for each in read) else read
    return _scalar(_kind(node), node.value)


def _scalar(kind: str, text: str) -> object:
    """YAML 1.2's plain types; what does not fit its tag stays text, which the schema then refuses."""
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind == "null":
        return None
    try:
        if kind == "int":
            return int(text.replace("_", ""), 0 if "o" in text or "x" in text or "b" in text else 10)
        return float(text) if kind == "float" else text
    except ValueError:
        return text
