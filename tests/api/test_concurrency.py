"""ETag and If-Match: nobody overwrites what he has not seen."""
import concurrent.futures

from support.builders import etag_of, make_contact, make_partner, make_region

SHARES_SERVER = True


def test_the_etag_is_made_of_the_version(api):
    region = make_region(api)

    answer = api.get(f"/v1/regions/{region['id']}")

    assert (region["version"], answer.headers["ETag"]) == (1, '"1"')


def test_a_change_makes_the_old_etag_stale(api):
    region = make_region(api)
    path = f"/v1/regions/{region['id']}"
    api.patch(path, json={"name": "A"}, if_match='"1"')

    late = api.patch(path, json={"name": "B"}, if_match='"1"')

    assert (late.status_code, late.headers["ETag"]) == (412, '"2"')
    assert api.get(path).json()["name"] == "A"


def test_the_current_etag_of_a_412_can_be_used(api):
    path = f"/v1/regions/{make_region(api)['id']}"

    late = api.patch(path, json={"name": "B"}, if_match='"9"')

    assert api.patch(path, json={"name": "B"}, if_match=late.headers["ETag"]).status_code == 200


def test_an_asterisk_matches_any_version(api):
    path = f"/v1/regions/{make_region(api)['id']}"

    assert api.patch(path, json={"name": "A"}, if_match="*").status_code == 200
    assert api.patch(path, json={"name": "B"}, if_match="*").status_code == 200
    assert api.delete(path, if_match="*").status_code == 204


def test_one_etag_of_several_may_match(api):
    path = f"/v1/regions/{make_region(api)['id']}"

    assert api.patch(path, json={"name": "A"}, if_match='"7", "1"').status_code == 200


def test_the_etag_of_a_compressed_answer_matches(api):
    path = f"/v1/regions/{make_region(api)['id']}"

    assert api.patch(path, json={"name": "A"}, if_match='"1-gzip"').status_code == 200


def test_a_weak_etag_never_matches(api):
    region = make_region(api)

    for method in ("PATCH", "DELETE"):
        options = {"json": {"name": "A"}} if method == "PATCH" else {}
        answer = api.request(method, f"/v1/regions/{region['id']}", if_match=f"W/{etag_of(region)}", **options)

        assert answer.status_code == 412


def test_a_deletion_of_another_version_changes_nothing(api):
    path = f"/v1/regions/{make_region(api)['id']}"

    assert api.delete(path, if_match='"2"').status_code == 412
    assert api.get(path).status_code == 200


def at_once(api, count, call):
    """Calls `count` times at the same time, each on a connection of its own."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda i: call(api.twin(), i), range(count)))


def test_of_parallel_patches_with_one_etag_exactly_one_succeeds(api):
    partner = make_partner(api)
    path = f"/v1/partners/{partner['id']}"

    for round_of in range(1, 6):
        answers = at_once(api, 12, lambda one, i: one.patch(path, json={"city": f"City {i}"}, if_match=f'"{round_of}"'))

        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 11
        winner = next(answer.json() for answer in answers if answer.status_code == 200)
        assert api.get(path).json() == winner
        assert winner["version"] == round_of + 1


def test_parallel_patches_of_any_version_are_all_counted(api):
    path = f"/v1/partners/{make_partner(api)['id']}"

    answers = at_once(api, 20, lambda one, i: one.patch(path, json={"city": f"City {i}"}, if_match="*"))

    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 22))


def test_of_parallel_deletions_exactly_one_succeeds(api):
    contact = make_contact(api, make_partner(api))

    answers = at_once(api, 8, lambda one, i: one.delete(f"/v1/contacts/{contact['id']}", if_match='"1"'))

    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 7


def test_of_parallel_creations_with_one_code_exactly_one_succeeds(api):
    answers = at_once(api, 12, lambda one, i: one.post("/v1/partners", json={"code": "RACE", "name": f"Racer {i}"}))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    winner = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"partner_code_taken"}
    assert {answer.json().get("existing_id", winner) for answer in answers if answer.status_code == 409} == {winner}


def test_an_etag_of_one_object_says_nothing_of_another(api):
    first, second = make_region(api), make_region(api)
    api.patch(f"/v1/regions/{first['id']}", json={"name": "A"}, if_match='"1"')

    answer = api.patch(f"/v1/regions/{second['id']}", json={"name": "A"}, if_match='"2"')

    assert answer.status_code == 412


def test_a_read_after_a_change_is_not_the_old_one(api):
    region = make_region(api)
    path = f"/v1/regions/{region['id']}"

    api.patch(path, json={"name": "Changed"}, if_match='"1"')

    assert api.get(path, if_none_match='"1"').json()["name"] == "Changed"
    assert api.get(path, if_none_match='"2"').status_code == 304
