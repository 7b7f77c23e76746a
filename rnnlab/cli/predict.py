"""`rnnlab predict`: a saved run's predictions, without training."""

from __future__ import annotations

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from rnnlab.cli.hydra_app import end, run_command
from rnnlab.config.schema import PredictConfig
from rnnlab.errors import EXIT_DONE
from rnnlab.home import as_typed


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    return run_command("predict", predict, arguments)


def predict(composed: DictConfig) -> None:
    """Predict what the composed config says: the task that Hydra calls."""
    end(predict_single, composed)


def predict_single(asked: PredictConfig) -> int:
    """Predict, say how good it is, and return the exit code."""
    from rnnlab.console import printable
    from rnnlab.training.predict import predict_with

    done = predict_with(asked, list(HydraConfig.get().overrides.task))
    print(f"{printable(done.name)} on {printable(done.function)}, {len(done.predictions.truth)} windows")
    print(f"test MSE {done.predictions.mse:.4e}")
    if done.measures:
        measures = done.measures
        print(f"rollout  RMSE {measures['rmse']:.4e} over {measures['steps']:.0f} steps")
        print(
            f"         largest error {measures['largest_error']:.2%} of the amplitude; "
            f"within 10% for {measures['horizon']:.0f} steps"
        )
    print(f"files    {as_typed(done.folder)}")
    return EXIT_DONE
