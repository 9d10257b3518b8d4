from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.markup import parsed

from provenance.faces.flow import Edge, Node, flow

NODES = [
    Node("source", "source", "<b>python\u202e</b>", "PSF-2.0"),
    Node("seed", "dataset", "data/very/long/name/of/a/dataset/seed.jsonl", "320 rows", {"real": 320}),
    Node("rewrite", "stage", "rewrite"),
    Node("big", "model", "BigModel 70B", "2 prompts"),
    Node("small", "model", "SmallModel 1B"),
    Node("mix", "dataset", "mix.parquet", "420 rows", {"real": 320, "synthetic": 100}, href="/d/mix", is_subject=True),
]
EDGES = [
    Edge("source", "seed", 320),
    Edge("seed", "rewrite", 100),
    Edge("rewrite", "mix", 100, "100 new"),
    Edge("seed", "mix", 320, "320 rows"),
    Edge("big", "rewrite", of_model=True),
    Edge("small", "rewrite", of_model=True),
]


def boxes(markup: str) -> list[tuple[float, float, float, float]]:
    picture = parsed(markup)
    cards = [each for each in picture.iter("rect") if each.attrib["class"].split()[0] in ("card", "pill")]
    found = []
    for card in cards:
        left, top = float(card.attrib["x"]), float(card.attrib["y"])
        found.append((left, top, left + float(card.attrib["width"]), top + float(card.attrib["height"])))
    return found


@pytest.mark.parametrize("across", [True, False])
def test_every_node_has_a_box_of_its_own_inside_the_picture(across: bool) -> None:
    markup = str(flow(NODES, EDGES, across=across, title="Flow"))
    found = boxes(markup)
    left, top, width, height = (float(n) for n in parsed(markup).attrib["viewBox"].split())
    assert len(found) == len(NODES)
    for number, (x1, y1, x2, y2) in enumerate(found):
        assert left <= x1 and top <= y1 and x2 <= left + width and y2 <= top + height
        for other in found[number + 1 :]:
            assert x2 <= other[0] or other[2] <= x1 or y2 <= other[1] or other[3] <= y1
    assert "\u202e" not in markup and "<b>" not in markup


def test_what_feeds_a_dataset_stands_before_it() -> None:
    across = boxes(flow(NODES, EDGES, across=True, title="Flow"))
    down = boxes(flow(NODES, EDGES, across=False, title="Flow"))
    source, seed, rewrite, *_, mix = range(len(NODES))
    for before, after in ((source, seed), (seed, rewrite), (rewrite, mix)):
        assert across[before][2] <= across[after][0]
        assert down[before][3] <= down[after][1]


def test_circles_lone_nodes_and_nothing_can_be_drawn() -> None:
    lone = [Node("a", "dataset", "a"), Node("b", "dataset", "b"), Node("c", "model", "c")]
    assert len(boxes(flow(lone, [], title="Lone"))) == 3
    assert len(boxes(flow(lone[:2], [Edge("a", "b"), Edge("b", "a")], title="Circle"))) == 2
    assert boxes(flow([], [], title="Nothing")) == []


def test_the_same_flow_is_the_same_picture_in_every_process() -> None:
    code = "import sys; sys.path[:0] = sys.argv[1:]; from test_flow import *;print(flow(NODES, EDGES, title='Flow'))"
    here = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    pictures = set()
    for seed in ("1", "2", "3"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        pictures.add(
            subprocess.run([sys.executable, "-c", code, *here], env=environment, capture_output=True, check=True).stdout
        )
    assert len(pictures) == 1
