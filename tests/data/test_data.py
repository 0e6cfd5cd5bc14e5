"""The data sets and what is known of them."""

from kiqa.data import DATASETS, FOUR_DISTORTIONS


def test_the_registry_names_the_readers():
    """Each data set has its reader, by its own name."""
    assert {name: reader.__name__ for name, reader in DATASETS.items()} == {
        "biq2021": "biq2021",
        "csiq": "csiq",
        "kadid10k": "kadid10k",
        "koniq10k": "koniq10k",
        "live": "live",
        "live-fb": "live_fb",
        "live-fb-patches": "live_fb_patch_images",
        "live-itw": "live_itw",
        "mos-csv": "mos_csv",
        "spaq": "spaq",
        "tid2008": "tid2008",
        "tid2013": "tid2013",
    }


def test_four_distortions_are_of_known_data_sets():
    """Four names each, for data sets that have readers."""
    assert DATASETS.keys() >= FOUR_DISTORTIONS.keys()
    assert {len(set(kinds)) for kinds in FOUR_DISTORTIONS.values()} == {4}
