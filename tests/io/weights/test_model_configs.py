"""Models of the configuration in a file."""

import pytest

from kiqa.io.weights.model_configs import build_model


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Lambda", "config": {"name": "x", "function": ["code", None, None]}},
        {"class_name": "TFSMLayer", "config": {"name": "x", "filepath": "model"}},
        {"class_name": "Thing", "module": "os", "config": {"name": "x"}},
        {"class_name": "Own", "registered_name": "theirs>Own", "config": {"name": "x"}},
    ],
    ids=["lambda", "saved model", "module", "registered"],
)
def test_building_refuses_foreign_code(config):
    """Configs that run or need code from outside Keras are refused before anything is built."""
    model = {"class_name": "Sequential", "config": {"name": "model", "layers": [config]}}
    with pytest.raises(ValueError, match="'x'"):
        build_model(model)


@pytest.mark.parametrize("config", [[], {}, {"class_name": "Dense", "config": {}}, "text"])
def test_building_refuses_what_is_no_model(config):
    """A config of anything else is named as such."""
    with pytest.raises(ValueError, match="Expected a Functional or Sequential model"):
        build_model(config)
