"""Where the boxes of a layered picture stand: the one place that knows the library which lays them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Point = tuple[float, float]


class _Box:
    def __init__(self, width: float, height: float) -> None:
        self.w, self.h = width, height
        self.xy = (0.0, 0.0)


class _Route:
    def __init__(self) -> None:
        self.points: list[Point] = []

    def setpath(self, points: Sequence[Point]) -> None:
        self.points = [(float(x), float(y)) for x, y in points]


def layers(
    sizes: Mapping[str, Point], arcs: Sequence[tuple[str, str]], *, across: bool
) -> tuple[dict[str, Point], list[list[Point]]]:
    """The centre of each box, and for each arc the points that it goes through.

    ``sizes``: width and height by name. Layers follow each other from left to right where ``across``, else downwards.
    The same boxes and arcs in the same order give the same picture.
    """
    from grandalf.graphs import Edge, Graph, Vertex
    from grandalf.layouts import SugiyamaLayout

    vertices = {}
    for name, (width, height) in sizes.items():
        vertices[name] = Vertex(name)
        vertices[name].view = _Box(height, width) if across else _Box(width, height)
    edges = []
    for start, end in arcs:
        edges.append(Edge(vertices[start], vertices[end]))
        edges[-1].view = _Route()
    places: dict[str, Point] = {}
    routes: dict[int, list[Point]] = {}
    number_of = {id(edge): number for number, edge in enumerate(edges)}
    offset = 0.0
    for component in Graph(list(vertices.values()), edges).C:
        layout = SugiyamaLayout(component)
        layout.xspace, layout.yspace = (30, 15) if across else (36, 22)
        layout.route_edge = _keep_points
        layout.init_all()
        layout.draw(4)
        widest = 0.0
        for vertex in component.sV:
            x, y = vertex.view.xy
            widest = max(widest, x + offset + vertex.view.w / 2)
            places[vertex.data] = _turned((x + offset, y), across)
        for edge in component.sE:
            routes[number_of[id(edge)]] = [_turned((x + offset, y), across) for x, y in edge.view.points]
        offset = widest + 60
    return places, [routes.get(number, []) for number in range(len(edges))]


def _keep_points(edge: object, points: Sequence[Point]) -> None:
    edge.view.setpath(points)  # type: ignore[attr-defined]


def _turned(point: Point, across: bool) -> Point:
    x, y = float(point[0]), float(point[1])
    return (y, x) if across else (x, y)
