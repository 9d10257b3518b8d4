from __future__ import annotations

import numpy as np

from provenance.lineage.inherited import Inherited
from provenance.lineage.merging.resolving import Classes


def test_samples_keep_their_classes_as_these_become_many() -> None:
    classes = Classes(1000)
    few = classes.entered([Inherited(depth=number) for number in range(3)])
    classes.set_of(np.arange(3), few)
    many = classes.entered([Inherited(depth=number) for number in range(400)])
    classes.set_of(np.arange(400) + 100, many)
    assert len(np.unique(many)) == 400
    assert classes.of_samples(np.arange(3)).tolist() == few.tolist() == many[:3].tolist()
    assert classes.of_samples(np.arange(400) + 100).tolist() == many.tolist()
    assert classes.of_samples(np.array([99, 999])).tolist() == [-1, -1]
