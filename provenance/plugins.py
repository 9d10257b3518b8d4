"""The one stable address of what other packages implement: exports, importers, measures and formats.

Import from here and from nowhere else inside `provenance`: the rooms behind it move, these names do not. What each
interface asks for is in its docstring; how a package registers what it implements is in docs/plugins.md.
"""

from provenance.auditing.measure import Doubt, Measure, Measured, Needs, NotMeasured, Outstanding, Subject, Values
from provenance.capture.declaring.importers.interface import FIELDS, Importer, Request, Row, StatedSample, Statement
from provenance.entry_points import EXPORTS, FORMATS, GROUPS, IMPORTERS, MEASURES
from provenance.errors import DataError, ProvenanceError, SidecarError
from provenance.export.interface import Checked, Export, Gap, Need
from provenance.export.subject import Subject as ExportSubject
from provenance.identity.formats.interface import BLOCK_BYTES, LONGEST_ROW, Block, FileReader, RowError
from provenance.identity.formats.row_block import RowBlock, blocks_of
from provenance.ledger.composition.composition import Composition, composition
from provenance.ledger.part import Part

__all__ = [
    "BLOCK_BYTES",
    "EXPORTS",
    "FIELDS",
    "FORMATS",
    "GROUPS",
    "IMPORTERS",
    "LONGEST_ROW",
    "MEASURES",
    "Block",
    "Checked",
    "Composition",
    "DataError",
    "Doubt",
    "Export",
    "ExportSubject",
    "FileReader",
    "Gap",
    "Importer",
    "Measure",
    "Measured",
    "Need",
    "Needs",
    "NotMeasured",
    "Outstanding",
    "Part",
    "ProvenanceError",
    "Request",
    "Row",
    "RowBlock",
    "RowError",
    "SidecarError",
    "StatedSample",
    "Statement",
    "Subject",
    "Values",
    "blocks_of",
    "composition",
]
