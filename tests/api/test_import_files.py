"""Files as people and programs make them: what can be read is read to the letter, what cannot is refused as a whole."""
import csv
import io

import pytest

from support import builders, channel
from support.client import CSV, NDJSON

SHARES_SERVER = True


def report_of(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


def import_members(api, body, **options):
    return channel.import_file(api, "members", body if isinstance(body, bytes) else body.encode(), **options)


def member(api, code):
    return api.get("/v1/members", params={"code": code}).json()["data"][0]


def assert_refused(api, answer, status=400, code="invalid_file"):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert api.get("/v1/members", params={"q": "refused"}).json()["data"] == []


def test_unknown_columns_are_all_named(api):
    answer = import_members(api, 'code,name,colour,"a/b~c",名称\nX,refused,1,2,3\n')

    assert_refused(api, answer, code="unknown_columns")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/colour", "/a~1b~0c", "/名称"]


def test_a_column_that_only_the_server_writes_is_passed_over(api):
    code = builders.unique("PASSED")

    report = report_of(import_members(api, f"code,name,version,id,created_at\n{code},Li,3,x,\n"))

    assert report["created"] == 1
    assert member(api, code)["version"] == 1


def test_unknown_columns_can_be_kept(api):
    code = builders.unique("KEPT")

    report = report_of(
        import_members(api, f'code,name,colour,名称\n{code},Li,"bright ""red""",老李\n', params={"unknown": "custom"})
    )

    assert report["created"] == 1
    assert member(api, code)["custom"] == {"colour": 'bright "red"', "名称": "老李"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"\xef\xbb\xbf",
        b"\x00\x01\x02\x03",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"PK\x03\x04\x14\x00",
        b"code,name\nX,ref\xffused\n",
        'code,name\nX,"refused\n'.encode(),
        b'code,name\nX,refu"sed\n',
        b"code,name,code\nX,refused,X\n",
        "code,name\nX,refused\n".encode("utf-16"),
        b"code,name\nX,ref\x00used\n",
        b"," * 2000 + b"\n",
    ],
    ids=[
        "empty",
        "blank",
        "only a mark",
        "binary",
        "picture",
        "archive",
        "latin-1",
        "quote never ends",
        "quote inside",
        "column twice",
        "UTF-16",
        "NUL",
        "too many columns",
    ],
)
def test_what_is_no_csv_is_refused(api, body):
    assert_refused(api, import_members(api, body))


def test_a_file_without_a_header_is_refused(api):
    answer = import_members(api, "X1,refused\nX2,refused\n")

    assert_refused(api, answer, code="unknown_columns")


def test_a_fault_far_into_the_file_posts_nothing(api):
    lines = "".join(f"FAR-{number},refused\n" for number in range(20000))

    answer = import_members(api, f'code,name\n{lines}X,"refused\n')

    assert_refused(api, answer)
    assert "20002" in answer.json()["detail"]


def test_a_header_alone_is_an_empty_import(api):
    report = report_of(import_members(api, "code,name\n"))

    assert (report["rows"], report["created"], report["errors"]) == (0, 0, [])


def test_a_row_with_more_or_fewer_cells_is_refused_alone(api):
    code = builders.unique("CELLS")

    report = report_of(import_members(api, f"code,name\n{code}-1,Li\n{code}-2\n{code}-3,Li,Wang\n{code}-4,Li\n"))

    assert (report["rows"], report["created"], report["rejected"]) == (4, 2, 2)
    assert [(error["line"], error["code"]) for error in report["errors"]] == [(3, "columns"), (4, "columns")]


def test_a_mark_and_windows_lines_are_understood(api):
    code = builders.unique("WINDOWS")

    report = report_of(import_members(api, f"\ufeffcode,name\r\n{code}-1,Li\r\n\r\n{code}-2,Wang"))

    assert (report["rows"], report["created"], report["errors"]) == (2, 2, [])
    assert [member(api, f"{code}-{number}")["name"] for number in (1, 2)] == ["Li", "Wang"]


def test_lines_are_counted_as_an_editor_counts_them(api, acme):
    body = 'code,name,address\r\nL-1,One,"Street 1\r\nBack yard\r\n"\r\nL-2,,\r\n\r\nL-3,Three,"a\nb"\nL-4,,\n'

    report = report_of(channel.import_file(api, "partners", body.encode()))

    assert report["created"] == 2
    assert [(error["line"], error["pointer"]) for error in report["errors"]] == [(5, "/name"), (9, "/name")]


def test_a_cell_may_hold_lines_quotes_and_commas(api):
    code = builders.unique("CELL")
    address = 'No. 1, "The Mill"\nBack yard'
    file = io.StringIO()
    csv.writer(file).writerows([["code", "name", "address"], [code, "Mill, Ltd.", address]])

    report_of(channel.import_file(api, "partners", file.getvalue().encode()))

    found = api.get("/v1/partners", params={"code": code}).json()["data"][0]
    assert (found["name"], found["address"]) == ("Mill, Ltd.", address.replace("\r\n", "\n"))


def test_a_huge_cell_is_refused_without_harm(api):
    inside = import_members(api, f"code,name\nX,{'refused' * 20000}\n")
    beyond = import_members(api, f"code,name\nX,\"{'refused ' * 300000}\"\n")

    report = report_of(inside)
    assert (report["rejected"], [error["pointer"] for error in report["errors"]]) == (1, ["/name"])
    assert_refused(api, beyond)


def test_a_huge_line_of_ndjson_is_refused_without_harm(api):
    assert_refused(
        api, import_members(api, '{"code": "X", "name": "' + "refused" * 300000 + '"}\n', content_type=NDJSON)
    )


def test_names_in_any_script_come_in_as_they_are(api):
    names = ["王芳", "Ünïcödé", "Ω≈ç√", "שלום", "😀 channel", "a\tb"[:1] + "é"]
    codes = [builders.unique("NAME") for _ in names]

    report_of(import_members(api, "code,name\n" + "".join(f"{code},{name}\n" for code, name in zip(codes, names))))

    assert [member(api, code)["name"] for code in codes] == names


def test_what_an_export_defuses_comes_back_as_it_was(api):
    names = ["=SUM(A1)", "+49 30", "-1", "@home", "'quoted'", "'=twice", "plain"]
    codes = [builders.unique("DEFUSED") for _ in names]
    for code, name in zip(codes, names):
        assert api.post("/v1/members", json={"code": code, "name": name}).status_code == 201

    exported = api.get("/v1/members", params={"fields": "code,name", "q": "DEFUSED"}, accept=CSV).text
    rows = list(csv.DictReader(io.StringIO(exported)))
    body = "code,name\n" + "".join(f'{row["code"]},"{row["name"]}"\n' for row in rows)
    report = report_of(import_members(api, body))

    assert {row["name"] for row in rows} == {"'=SUM(A1)", "'+49 30", "'-1", "'@home", "'quoted'", "''=twice", "plain"}
    assert (report["unchanged"], report["updated"], report["created"]) == (len(names), 0, 0)
    assert [member(api, code)["name"] for code in codes] == names


@pytest.mark.parametrize("cell", ["true", "false"])
def test_cells_are_read_as_the_type_of_their_member(api, cell):
    code = builders.unique("TYPED")

    report_of(import_members(api, f"code,name,is_active\n{code},Li,{cell}\n"))

    assert member(api, code)["is_active"] is (cell == "true")


@pytest.mark.parametrize(
    "column, cell",
    [
        ("is_active", "yes"),
        ("is_active", "1"),
        ("is_active", "TRUE"),
        ("custom", "{"),
        ("custom", "[]"),
        ("custom", '{"a": {"b": 1}}'),
        ("region_id", "17"),
        ("email", "no address"),
    ],
)
def test_a_cell_of_another_type_is_refused(api, column, cell):
    quoted = cell.replace('"', '""')

    report = report_of(import_members(api, f'code,name,{column}\n{builders.unique("TYPED")},Li,"{quoted}"\n'))

    assert report["rejected"] == 1
    assert report["errors"][0]["pointer"].startswith(f"/{column}")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", None])
def test_other_media_types_are_refused(api, content_type):
    answer = import_members(api, "code,name\nX,refused\n", content_type=content_type)

    assert_refused(api, answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("params", [{"dry_run": "yes"}, {"atomic": "1"}, {"unknown": "drop"}, {"color": "red"}])
def test_parameters_that_the_contract_does_not_know_are_refused(api, params):
    answer = import_members(api, "code,name\nX,refused\n", params=params)

    assert_refused(api, answer, code="invalid_request")


def test_a_file_may_come_in_chunks(api):
    codes = [builders.unique("CHUNK") for _ in range(50)]
    pieces = (
        piece.encode()
        for code in ["code", *codes]
        for piece in (code[:3], code[3:], ",", "name" if code == "code" else "王", "\n")
    )

    report = report_of(api.post("/v1/members/import", data=pieces, content_type=CSV))

    assert (report["rows"], report["created"], report["errors"]) == (50, 50, [])
