"""Every reader of foreign files, with valid files to start from. A new reader joins by one entry in a module of this folder.

A reader may refuse a file with a `BenchError`. Any other exception is a failure, and so is taking longer than five seconds.
"""

from tests.fuzz.readers.data_files import DATA_FILES
from tests.fuzz.readers.declarations import DECLARATIONS
from tests.fuzz.readers.experiment_files import EXPERIMENT_FILES
from tests.fuzz.readers.feedback_files import FEEDBACK_FILES
from tests.fuzz.readers.forecast_files import FORECAST_FILES
from tests.fuzz.readers.imported_results import IMPORTED_RESULTS
from tests.fuzz.readers.judge_files import JUDGE_FILES
from tests.fuzz.readers.label_files import LABEL_FILES
from tests.fuzz.readers.model_files import MODEL_FILES
from tests.fuzz.readers.privacy_files import PRIVACY_FILES
from tests.fuzz.readers.reader import Reader, use_folder
from tests.fuzz.readers.registry_files import REGISTRY_FILES
from tests.fuzz.readers.retrain_files import RETRAIN_FILES
from tests.fuzz.readers.run_files import RUN_FILES
from tests.fuzz.readers.server_answers import SERVER_ANSWERS
from tests.fuzz.readers.watch_files import WATCH_FILES
from tests.fuzz.readers.working_files import WORKING_FILES

READERS: dict[str, Reader] = {
    **DATA_FILES,
    **DECLARATIONS,
    **RUN_FILES,
    **WORKING_FILES,
    **REGISTRY_FILES,
    **WATCH_FILES,
    **RETRAIN_FILES,
    **MODEL_FILES,
    **PRIVACY_FILES,
    **IMPORTED_RESULTS,
    **LABEL_FILES,
    **JUDGE_FILES,
    **EXPERIMENT_FILES,
    **FEEDBACK_FILES,
    **FORECAST_FILES,
    **SERVER_ANSWERS,
}

__all__ = ["READERS", "Reader", "use_folder"]
