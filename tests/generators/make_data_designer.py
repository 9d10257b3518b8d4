"""Make a dataset with NVIDIA data-designer: a sampled topic, and a text that a model writes about it, with its trace.

Usage: python make_data_designer.py FOLDER; writes FOLDER/topics/parquet-files/batch_00000.parquet and
FOLDER/topics/builder_config.json.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from stub_server import MODEL, stub_server


def make(folder: Path) -> None:
    import data_designer.config as dd
    from data_designer.interface import DataDesigner

    with stub_server() as url:
        model = dd.ModelConfig(
            alias="writer",
            model=MODEL,
            provider="stub",
            inference_parameters=dd.ChatCompletionInferenceParams(temperature=0.6, max_tokens=64),
            skip_health_check=True,
        )
        builder = dd.DataDesignerConfigBuilder(model_configs=[model])
        builder.add_column(
            dd.SamplerColumnConfig(
                name="topic", sampler_type="category", params=dd.CategorySamplerParams(values=["tea", "rain"])
            )
        )
        builder.add_column(
            dd.LLMTextColumnConfig(
                name="text",
                model_alias="writer",
                system_prompt="You are brief.",
                prompt="Write about {{ topic }}.",
                with_trace=dd.TraceType.ALL_MESSAGES,
            )
        )
        provider = dd.ModelProvider(name="stub", endpoint=url, api_key="none")
        designer = DataDesigner(artifact_path=folder / "artifacts", model_providers=[provider])
        results = designer.create(builder, num_records=4, dataset_name="topics")
        made = Path(results.artifact_storage.base_dataset_path)
    shutil.copytree(made / "parquet-files", folder / "topics" / "parquet-files")
    shutil.copy(made / "builder_config.json", folder / "topics" / "builder_config.json")


if __name__ == "__main__":
    # The package keeps settings at home and reports its use; neither belongs in a test.
    os.environ["DATA_DESIGNER_HOME"] = tempfile.mkdtemp()
    os.environ["NEMO_TELEMETRY_ENABLED"] = "false"
    make(Path(sys.argv[1]))
