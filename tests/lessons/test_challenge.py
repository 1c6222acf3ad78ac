"""The broken clusters of several seeds (evidence, solutions, wrong fixes, causes), and a round of them."""

import re
from functools import cache

import pytest

from kubesim.lessons import load_tasks
from kubesim.lessons.challenge import HINT, POINTS, WHY, Round
from kubesim.lessons.clusters import (
    COUNT,
    RoundId,
    broken_clusters,
    every_cluster,
    small_rounds,
)
from kubesim.lessons.record import blank, merge
from kubesim.lessons.task import begin, check, evaluate, solve
from kubesim.session import Session
from tests.learner import rows

ROWS = rows(__file__)

# The seeds of the rounds that are played, and all their clusters, by id and seed.
SEEDS = (1, 2, 20)
CLUSTERS = {f"{cluster.id}-{seed}": cluster for seed in SEEDS for cluster in every_cluster(seed)}
# The wrong fixes of the first round.
MISTAKES = {
    f"{name}-{number}": (cluster, mistake)
    for name, cluster in CLUSTERS.items()
    if name.endswith("-1")
    for number, mistake in enumerate(cluster.wrong)
}
# Patterns of the cause in the output of `why`, by cluster; for an export, EXPORTED has those that differ, because an
# export of one namespace has less evidence.
CAUSES = ROWS["causes"]
EXPORTED = {
    "wrong-namespace": r"couldn't get the Secret",
    "cached-by-another": r"it lists no pull secret|the Pod lists no pull secret",
}


@cache
def first_look(name):
    """A session with a broken cluster at its start. Tests share it, and only read."""
    session = Session()
    begin(CLUSTERS[name], session)
    return session


def messages(cluster, session):
    """The messages for a learner: those of missed goals, and the first piece of advice."""
    missed = [reading.condition.otherwise for reading in check(cluster, session) if not reading.holds]
    return (
        missed + [reading.condition.otherwise for reading in evaluate(cluster.advice, session) if not reading.holds][:1]
    )


def test_every_placeholder_is_filled():
    assert [name for name, cluster in CLUSTERS.items() if re.search(r"<[a-z-]+>", repr(cluster))] == []


@pytest.mark.parametrize("task", every_cluster(1), ids=lambda task: task.id)
def test_a_broken_cluster_has_the_form_of_a_task(task):
    assert (len(task.hints), len(task.wrong) >= 2, 0 < task.minutes < 10) == (3, True, True)
    assert all(goal.what and goal.otherwise and goal.hint and goal.reason for goal in task.goal)
    assert all(mistake.says for mistake in task.wrong)


@pytest.mark.parametrize("name", CLUSTERS)
def test_no_goal_is_reached_at_the_start_or_by_waiting(name):
    task, session = CLUSTERS[name], Session()
    begin(task, session)
    assert not check(task, session)[0].holds
    session.advance(1000)
    assert not check(task, session)[0].holds


@pytest.mark.parametrize("name", CLUSTERS)
def test_the_evidence_is_in_the_output_of_its_commands(name):
    session = first_look(name)
    for clue in CLUSTERS[name].evidence:
        assert clue.shows in session.run(clue.run).screen


@pytest.mark.parametrize("name", CLUSTERS)
def test_the_solution_reaches_the_goal(name):
    cluster = CLUSTERS[name]
    assert messages(cluster, solve(cluster)) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_wrong_fix_gets_its_message(name):
    cluster, mistake = MISTAKES[name]
    session = Session()
    begin(cluster, session)
    for line in mistake.lines:
        result = session.run(line)
        assert result.exit_code == 0, result.screen
    session.advance(320)
    assert not all(reading.holds for reading in check(cluster, session))
    assert any(mistake.says in message for message in messages(cluster, session))


@pytest.mark.parametrize("task", every_cluster(1), ids=lambda task: task.id)
def test_a_change_of_the_node_solves_no_other_cluster(task):
    session = Session()
    begin(task, session)
    pods = [session.run(f"kubectl get pods -n {name} -o yaml").stdout for name in task.namespaces]
    for host in sorted(set(re.findall(r"image: ([\w-]+\.[\w.:-]+)/", "".join(pods)))):
        for change in (f"node trust {host}", f"node insecure {host}", "node proxy off"):
            if change not in "".join(task.solution):
                assert session.run(change).exit_code == 0
    session.advance(330)
    assert not all(reading.holds for reading in check(task, session))


@pytest.mark.parametrize("name", [name for name in CLUSTERS if name.endswith(("-1", "-2"))])
def test_extra_objects_change_nothing(name):
    task = CLUSTERS[name]
    session = solve(task)
    for namespace in task.namespaces:
        session.run(f"kubectl create secret generic extra -n {namespace} --from-literal=a=b")
        session.run(f"kubectl run extra -n {namespace} --image=nginx:9.9")
        session.run(f"kubectl create deployment extra -n {namespace} --image=nginx:9.9")
        session.run(f"kubectl create serviceaccount extra -n {namespace}")
    session.advance(60)
    assert all(reading.holds for reading in check(task, session))


@pytest.mark.parametrize("name", CLUSTERS)
def test_why_names_the_cause_here_and_in_an_export(name):
    cluster, session = CLUSTERS[name], first_look(name)
    namespace = cluster.namespaces[0]
    pod = session.run(f"kubectl get pods -n {namespace} -o jsonpath='{{.items[0].metadata.name}}'").stdout
    assert re.search(CAUSES[cluster.id], session.run(f"why {pod} -n {namespace}").stdout)
    session.run(f"kubectl get pod,serviceaccount,secret,events -n {namespace} -o yaml > case.yaml")
    told = session.run("kubesim why -f case.yaml").stdout
    assert re.search(EXPORTED.get(cluster.id, CAUSES[cluster.id]), told)


def test_every_cluster_has_a_cause_in_the_rows():
    assert {cluster.id for cluster in every_cluster(1)} == set(CAUSES)


@pytest.mark.parametrize("seed", range(1, 30))
def test_a_round_has_twelve_clusters_that_share_no_namespace_and_no_file(seed):
    tasks = broken_clusters(RoundId(seed))
    namespaces = [namespace for task in tasks for namespace in task.namespaces]
    files = [name for task in tasks for name in task.files]
    assert (len(tasks), len({task.id for task in tasks})) == (COUNT, COUNT)
    assert (len(namespaces), len(files)) == (len(set(namespaces)), len(set(files)))


@pytest.mark.parametrize("small", small_rounds())
def test_a_small_round_takes_its_own_clusters_and_keeps_its_own_files_and_progress(small):
    rounds = [Round(RoundId(seed, small), Session()) for seed in range(1, 30)]
    assert {len(one.standings) for one in rounds} == {small_rounds()[small].clusters}
    ids = {standing.task.id for one in rounds for standing in one.standings}
    assert ids == set(small_rounds()[small].of)
    files = {name.split("/")[0] for standing in rounds[1].standings for name in standing.task.files}
    assert files == {f"round-{small}-2"}
    rounds[1].standings[0].hints = 1
    assert list(rounds[1].kept()["clusters"]) == [f"{small}-2/{rounds[1].standings[0].task.id}"]


@pytest.mark.parametrize(
    "round_id", [*(RoundId(seed) for seed in range(1, 30)), *(RoundId(seed, "six") for seed in range(1, 30))]
)
def test_no_fix_wins_more_than_half_of_a_round(round_id):
    """The fix that could win is to overwrite each Secret with the right login, without looking."""
    tasks = broken_clusters(round_id)
    overwriting = [task.id for task in tasks if any("| kubectl replace -f -" in line for line in task.solution)]
    assert 2 * len(overwriting) <= len(tasks), overwriting


def test_no_namespace_belongs_to_a_task_of_a_notebook():
    drawn = {namespace for seed in range(1, 60) for cluster in every_cluster(seed) for namespace in cluster.namespaces}
    assert drawn & {namespace for task in load_tasks().values() for namespace in task.namespaces} == set()


def test_a_seed_always_gives_the_same_round_and_another_seed_another():
    assert broken_clusters(RoundId(7)) == broken_clusters(RoundId(7))
    first, second = ({cluster.text for cluster in broken_clusters(RoundId(seed))} for seed in (1, 2))
    assert first & second == set()


def test_all_clusters_come_up_in_a_few_rounds():
    seen = {cluster.id for seed in range(1, 18) for cluster in broken_clusters(RoundId(seed))}
    assert seen == set(CAUSES)


# A round


@pytest.fixture
def session():
    """A fresh session."""
    return Session()


@pytest.fixture
def opened(session):
    """Round 1 with its first task open."""
    challenge = Round(RoundId(1), session)
    challenge.open(0)
    return challenge


def fix(challenge, session):
    """Run the solution of the current task, and wait."""
    task = challenge.current.task
    for line in task.solution:
        session.run(line)
    session.advance(task.wait)
    challenge.update()


def test_nothing_is_set_up_before_a_task_is_opened(session):
    before = session.cluster.api.revision
    Round(RoundId(1), session).update()
    assert session.cluster.api.revision == before


@pytest.mark.parametrize("seed", [1, 3, 4, 8])
def test_a_whole_round_in_one_cluster_brings_all_points(session, seed):
    """An image that was pulled for one task solves no other task, and hides no evidence."""
    challenge = Round(RoundId(seed), session)
    for number in range(COUNT):
        challenge.open(number)
        session.advance(15)
        challenge.update()
        assert not challenge.current.solved
        cluster = challenge.current.task
        assert [clue for clue in cluster.evidence if clue.shows not in session.run(clue.run).screen] == []
        fix(challenge, session)
    assert (challenge.points, challenge.most_points, challenge.is_over) == (COUNT * POINTS, 120, True)


def test_help_costs_points(opened, session):
    opened.current.take_hint()
    opened.current.ask_why()
    opened.current.ask_why()
    fix(opened, session)
    assert opened.points == POINTS - HINT - WHY
    for take in (opened.current.take_hint, opened.current.ask_why, opened.current.show):
        take()
    assert opened.points == POINTS - HINT - WHY


def test_all_help_together_leaves_a_point_and_the_solution_none(opened, session):
    for _ in range(5):
        opened.current.take_hint()
    opened.current.ask_why()
    assert opened.current.worth == 1
    opened.current.show()
    fix(opened, session)
    assert (opened.points, opened.current.is_over, opened.current.solved) == (0, True, False)


def test_why_in_the_terminal_costs_once_and_only_for_the_cluster_it_explained(session):
    challenge = Round(RoundId(1), session)
    session.run("kubectl run other --image=nope.example.com/a:1")
    challenge.open(0)
    session.advance(5)
    session.run("why other")
    challenge.update()
    assert challenge.current.worth == POINTS
    namespace = challenge.current.task.namespaces[0]
    pod = session.run(f"kubectl get pods -n {namespace} -o jsonpath='{{.items[0].metadata.name}}'").stdout
    challenge.open(1)
    for _ in range(2):
        session.run(f"why {pod} -n {namespace}")
        challenge.update()
    assert [standing.worth for standing in challenge.standings[:3]] == [POINTS - WHY, POINTS, POINTS]


def test_why_of_an_export_costs_for_the_open_cluster(opened, session):
    session.run("kubectl get pods -A -o yaml > case.yaml; kubesim why -f case.yaml")
    opened.update()
    assert opened.current.worth == POINTS - WHY


def test_an_explanation_before_the_task_was_opened_costs_nothing(session):
    namespace = broken_clusters(RoundId(1))[0].namespaces[0]
    challenge = Round(RoundId(1), session)
    session.explained.append(namespace)
    challenge.update()
    session.explained.append(namespace)
    challenge.open(0)
    assert challenge.current.worth == POINTS


def test_advice_waits_until_something_was_changed(opened, session):
    assert opened.advice() == ""
    session.advance(60)
    session.run("kubectl get pods -A")
    assert opened.advice() == ""
    namespace = opened.current.task.namespaces[0]
    session.run(f"kubectl delete pods --all -n {namespace} --now")
    assert opened.advice().startswith(("There's no Pod", "The kubelet still", "The Pods of"))


def test_a_fix_that_only_needs_time_gets_that_advice(session):
    challenge = Round(RoundId(7), session)
    number = next(n for n, s in enumerate(challenge.standings) if s.task.id == "wrong-path")
    challenge.open(number)
    for line in challenge.current.task.solution:
        session.run(line)
    challenge.update()
    assert "the kubelet is only waiting for its next attempt" in challenge.advice()
    session.advance(320)
    challenge.update()
    assert challenge.advice() == ""


def test_two_clocks_count_only_for_the_open_cluster(opened, session):
    first, second = opened.standings[:2]
    opened.add_real_time(100.0)
    session.advance(20)
    opened.add_real_time(130.0)
    opened.open(1)
    session.advance(7)
    opened.update()
    opened.add_real_time(131.5)
    assert (round(first.simulated), first.real, round(second.simulated), second.real) == (20, 30.0, 7, 1.5)


def test_real_time_counts_until_the_page_knows_of_the_solution(opened, session):
    opened.add_real_time(0.0)
    fix(opened, session)
    simulated = opened.current.simulated
    session.advance(100)
    opened.update()
    opened.add_real_time(40.0)
    opened.add_real_time(90.0)
    assert (opened.current.real, opened.current.simulated) == (40.0, simulated)


def test_a_solved_task_stays_solved(opened, session):
    fix(opened, session)
    session.run(f"kubectl delete namespace {opened.current.task.namespaces[0]}")
    opened.update()
    assert opened.points == POINTS


def test_opening_a_task_again_keeps_the_work_unless_the_cluster_was_restarted(opened, session):
    namespace = opened.current.task.namespaces[0]
    session.run(f"kubectl create configmap mine -n {namespace} --from-literal=a=b")
    opened.open(1)
    opened.open(0)
    assert session.run(f"kubectl get configmap mine -n {namespace} -o name").stdout == "configmap/mine\n"
    session.resume(session.cluster.fresh())
    opened.open(0)
    assert session.run(f"kubectl get pods -n {namespace} -o name").stdout != ""


def test_ending_a_round_shows_the_unsolved_tasks(opened, session):
    fix(opened, session)
    opened.end()
    assert (opened.is_over, opened.points, sum(standing.shown for standing in opened.standings)) == (
        True,
        10,
        COUNT - 1,
    )


def test_a_round_is_saved_and_restored(opened, session):
    opened.current.take_hint()
    fix(opened, session)
    again = Round(RoundId(1), session)
    again.recall({**blank(), **opened.kept()})
    assert (again.points, again.standings[0].hints, again.standings[0].simulated) == (
        8,
        1,
        round(opened.standings[0].simulated),
    )
    assert not again.standings[1].is_over
    assert again.kept() == opened.kept()


def test_the_kernel_that_solved_a_cluster_counts(opened, session):
    other = Round(RoundId(1), Session())
    other.open(0)
    other.current.take_hint()
    fix(opened, session)
    opened.recall({**blank(), **other.kept()})
    assert opened.points == POINTS
    later = Round(RoundId(1), Session())
    later.recall(merge(opened.kept(), other.kept()))
    assert later.points == POINTS
    other.recall({**blank(), **opened.kept()})
    assert (other.points, other.is_over) == (POINTS - HINT, False)
    more = {name: [0, 0, 99, 0, 0, 0] for name in opened.kept()["clusters"]}
    fresh = Round(RoundId(1), Session())
    fresh.recall({**blank(), "clusters": more})
    assert fresh.standings[0].hints == len(fresh.standings[0].task.hints)
