"""A task's models in MLflow's model registry: one version for each model, with its stage as an alias and as a tag.

The registry of bench decides; the mirror follows. A version is known by the digest of its model, so that the same call after a failure
uploads only what is missing.
"""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import yaml

from harness.errors import BenchError, first_line, setting
from harness.gate import STAGES
from harness.grid.trackers import connect_to_mlflow
from harness.lifecycle.serving.mirrored import MirroredVersion, ServedModel
from harness.store import write_text

_REGISTRY, _TASK, _DIGEST, _STAGE = "bench.registry", "bench.task", "bench.digest", "bench.stage"
_ALIASES = tuple(stage for stage in STAGES if stage != "retired")
_SCRIPT = Path(__file__).with_name("pyfunc_script.py")
_PAGE = 200  # versions of one request
# MLflow's own settings, where the user has set none: a server that does not answer is reported within a minute.
SETTINGS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
_PACKAGES = ("torch", "transformers", "jinja2", "pandas")

WriteModel = Callable[[Path], Mapping[str, Any]]
"""Writes the export of a model to a folder, and returns what its `prompt.json` and `model.json` hold as "prompt" and "model"."""


class MLflowMirror:
    """A registered model in MLflow.

    Args:
        name: of the registered model.
        task: whose models it has.
        registry: identifies the registry of bench, so that two registries do not change one registered model in turn.
    """

    def __init__(self, name: str, task: str, registry: str) -> None:
        self.name = name
        self._tags = {_REGISTRY: registry, _TASK: task}
        self._client: Any = None
        self._experiment = ""
        self._versions: dict[str, str] = {}
        self._version_tags: dict[str, dict[str, str]] = {}

    def open(self) -> str:
        """Find the registered model, or create it; returns the address of the server.

        Raises:
            BenchError: MLflow does not answer, or the registered model was not made by this registry.
        """
        for setting_name, value in SETTINGS.items():
            os.environ.setdefault(setting_name, value)
        with _reported():
            self._client, self._experiment, place = connect_to_mlflow()
            registered = self._find_registered()
            if registered is None:
                registered = self._client.create_registered_model(self.name, tags=self._tags)
            strange = [name for name, value in self._tags.items() if registered.tags.get(name) != value]
        if strange:
            raise BenchError(
                f"MLflow: the registered model '{self.name}' was not made from this registry and task, so it is left as it is. Choose "
                f"another name with {setting('to', 'mlflow:NAME')}."
            )
        with _reported():
            self._find_versions()
        return str(place)

    def add(self, model: ServedModel, write_model: WriteModel) -> MirroredVersion:
        """The version of a model; it is uploaded where MLflow does not have it.

        Raises:
            BenchError: the model cannot be exported; MLflow fails.
        """
        if model.digest in self._versions:
            return MirroredVersion(model, self._versions[model.digest], is_new=False)
        with tempfile.TemporaryDirectory(prefix="bench-mirror-") as place:
            folder = Path(place) / "model"
            files = write_model(folder)
            with _reported():
                self._versions[model.digest] = self._upload(model, folder, Path(place) / "pyfunc", files)
        return MirroredVersion(model, self._versions[model.digest], is_new=True)

    def set_stages(self, models: Sequence[ServedModel]) -> None:
        """Move the aliases to the models that are in the stages now, the champion's first, and remove those of empty stages.

        Args:
            models: all models of the task, in each stage the newest first; an alias names one version, so the newest gets it.

        Raises:
            BenchError: MLflow fails.
        """
        with _reported():
            aliases = self._client.get_registered_model(self.name).aliases
            for alias in _ALIASES:
                versions = [self._versions.get(model.digest) for model in models if model.stage == alias]
                wanted = versions[0] if versions else None
                if wanted is None and alias in aliases:
                    self._client.delete_registered_model_alias(self.name, alias)
                elif wanted is not None and str(aliases.get(alias)) != wanted:
                    self._client.set_registered_model_alias(self.name, alias, wanted)
            for model in models:
                self._set_tags(model)

    def _set_tags(self, model: ServedModel) -> None:
        """Set the tags of a version that have changed."""
        known = self._version_tags.get(model.digest)
        if known is None:
            return
        for name, value in _tag(model).items():
            if known.get(name) != value:
                self._client.set_model_version_tag(self.name, self._versions[model.digest], name, value)

    def _find_registered(self) -> Any:
        from mlflow.exceptions import MlflowException

        try:
            return self._client.get_registered_model(self.name)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def _find_versions(self) -> None:
        """Learn the newest version of each digest."""
        token = None
        while True:
            page = self._client.search_model_versions(f"name='{self.name}'", max_results=_PAGE, page_token=token)
            for version in page:
                digest = version.tags.get(_DIGEST)
                if digest and int(version.version) > int(self._versions.get(digest, 0)):
                    self._versions[digest], self._version_tags[digest] = str(version.version), dict(version.tags)
            token = page.token
            if not token:
                return

    def _upload(self, model: ServedModel, folder: Path, place: Path, files: Mapping[str, Any]) -> str:
        tags = _tag(model)
        logged = self._client.create_logged_model(self._experiment, f"{self.name}-{model.digest[:12]}", tags=tags)
        try:
            _save_pyfunc(folder, place, logged.model_id, files)
            self._client.log_model_artifacts(logged.model_id, str(place))
        except BaseException:
            self._client.finalize_logged_model(logged.model_id, "FAILED")
            raise
        self._client.finalize_logged_model(logged.model_id, "READY")
        source = f"models:/{logged.model_id}"
        created = self._client.create_model_version(self.name, source, tags=tags, model_id=logged.model_id)
        self._version_tags[model.digest] = tags
        return str(created.version)


def _tag(model: ServedModel) -> dict[str, str]:
    return {_DIGEST: model.digest, _STAGE: model.stage, **model.tags}


def _save_pyfunc(folder: Path, place: Path, model_id: str, files: Mapping[str, Any]) -> None:
    """Write the model as `mlflow.pyfunc` loads it: the export, and the script that uses it. Nothing is pickled."""
    import mlflow.pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    inputs = Schema([ColSpec("string", name) for name in files["prompt"]["inputs"]])
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(
            str(place),
            python_model=str(_SCRIPT),
            artifacts={"model": str(folder)},
            signature=ModelSignature(inputs=inputs, outputs=Schema([ColSpec("string", "output")])),
            pip_requirements=_list_requirements(files["model"]),
            mlflow_model=Model(model_uuid=model_id, model_id=model_id),
        )
    _remove_paths(place / "MLmodel")


def _list_requirements(about: Mapping[str, Any]) -> list[str]:
    """The packages that the script needs, in the versions that are installed here."""
    names = list(_PACKAGES)
    if about["weights"]["kind"] == "adapter":
        names.append("peft")
        if about["adapter"]["quantization"] is not None:
            names += ["accelerate", "bitsandbytes"]
    return [f"{name}=={installed_version(name).partition('+')[0]}" for name in names]  # "+cpu" is no version of a package index


def _remove_paths(file: Path) -> None:
    """MLflow notes where script and artifacts were on this machine. Neither is read when the model is loaded."""
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    flavor = values["flavors"]["python_function"]
    flavor["model_code_path"] = _SCRIPT.name
    flavor["artifacts"]["model"]["uri"] = flavor["artifacts"]["model"]["path"]
    write_text(file, yaml.safe_dump(values, sort_keys=True))


@contextmanager
def _reported() -> Iterator[None]:
    """Turn every error of MLflow into one message.

    Raises:
        BenchError: MLflow failed.
    """
    try:
        yield
    except (BenchError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except Exception as error:  # a library of another project: errors of its own, of requests, of the database, of the disk
        raise BenchError(f"MLflow: {type(error).__name__}: {first_line(error)}") from None
