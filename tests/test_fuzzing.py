"""Random overrides give a config that can be trained, or exit code 2 with a message; never half a run."""

from fuzzing import complaint, fuzz


def test_random_overrides_are_taken_or_refused_and_leave_nothing_behind(home):
    assert fuzz(200) == []


def test_the_search_can_tell_what_is_wrong(home, monkeypatch):
    assert complaint(["layers=1"]) is None
    assert complaint(["layers=0"]) is None
    monkeypatch.setattr("rnnlab.training.build.check_buildable", lambda _: (_ for _ in ()).throw(KeyError("oops")))
    assert complaint(["layers=1"]) == "KeyError: 'oops'"
