"""Files and folders: the tree with keys and menus, uploads, previews."""

from __future__ import annotations

import base64
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import Site
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("studies_files")]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
FILES = {
    "a.js": "a\n",
    "b.js": "b\n",
    "c.js": "c\n",
    "images/left.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
}

DROP = """
(names) => {
  const transfer = new DataTransfer();
  for (const [name, text] of names) transfer.items.add(new File([text], name));
  const tree = document.querySelector('[data-tree]');
  for (const type of ['dragover', 'drop']) {
    tree.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}
"""


def test_the_whole_tree_is_worked_with_the_keyboard_alone(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Keyboard", FILES)
    page = open_page("dana", address)
    page.get_by_role("treeitem", name="images").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("treeitem", name="left.svg")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("treeitem", name="left.svg")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("treeitem", name="images")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("treeitem", name="c.js")).to_be_focused()

    page.keyboard.press("F2")
    picture(page, "tree-rename")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("שאלון 😀.js")
    page.keyboard.press("Enter")
    expect(page.get_by_role("treeitem", name="שאלון 😀.js")).to_be_focused()

    page.keyboard.press("F2")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("a.js")
    page.keyboard.press("Enter")
    expect(page.locator(".tree-error")).not_to_be_empty()
    picture(page, "tree-rename-refused")
    page.keyboard.press("Escape")

    page.keyboard.press("Home")
    page.keyboard.type("b.")
    expect(page.get_by_role("treeitem", name="b.js")).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.get_by_text("Deleted “b.js”.")).to_be_visible()
    expect(page.get_by_role("treeitem", name="b.js")).to_have_count(0)
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_role("treeitem", name="b.js")).to_be_visible()

    page.get_by_role("treeitem", name="a.js").focus()
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menuitem", name="Open", exact=True)).to_be_focused()
    picture(page, "tree-menu")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("treeitem", name="a.js")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".cm-content")).to_be_focused()
    assert site.paths("dana", address) == sorted(["a.js", "b.js", "שאלון 😀.js", "images", "images/left.svg"])


def test_files_and_folders_are_made_moved_copied_and_duplicated(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Moving", FILES)
    page = open_page("dana", address)
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name", exact=True).fill("texts")
    page.get_by_role("button", name="Create folder").click()
    expect(page.get_by_role("treeitem", name="texts")).to_be_focused()
    page.get_by_role("button", name="New file").click()
    dialog = page.get_by_role("dialog", name="New file")
    dialog.get_by_label("Name in “texts”").fill("con.js")
    dialog.get_by_role("button", name="Create file").click()
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    picture(page, "new-file-refused")
    dialog.get_by_label("Name in “texts”").fill("hello.md")
    dialog.get_by_role("button", name="Create file").click()
    expect(page.get_by_role("treeitem", name="hello.md")).to_be_visible()
    expect(page.locator(".cm-content")).to_be_visible()

    page.get_by_role("treeitem", name="a.js").click()
    page.get_by_role("treeitem", name="b.js").click(modifiers=["Control"])
    page.get_by_role("button", name="Actions for the selected files").click()
    page.get_by_role("menuitem", name="Move to…").click()
    dialog = page.get_by_role("dialog", name="Move 2 items to")
    dialog.get_by_label("texts").check()
    picture(page, "move-dialog")
    assert_accessible(page)
    dialog.get_by_role("button", name="Move here").click()
    until(lambda: "texts/b.js" in site.paths("dana", address), "the files to be moved")

    page.get_by_role("treeitem", name="c.js").click(button="right")
    page.get_by_role("menuitem", name="Duplicate").click()
    expect(page.get_by_role("treeitem", name="c (2).js")).to_be_visible()
    page.get_by_role("treeitem", name="c.js", exact=True).click(button="right")
    page.get_by_role("menuitem", name="Copy to…").click()
    dialog = page.get_by_role("dialog", name="Copy “c.js” to")
    dialog.get_by_label("images").check()
    dialog.get_by_role("button", name="Copy here").click()
    until(lambda: "images/c.js" in site.paths("dana", address), "the copy")

    source = page.get_by_role("treeitem", name="c (2).js")
    source.drag_to(page.get_by_role("treeitem", name="texts"))
    until(lambda: "texts/c (2).js" in site.paths("dana", address), "the dragged file to be moved")


def test_deleted_things_are_brought_back_from_their_panel(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Deleting", FILES)
    page = open_page("dana", address)
    page.get_by_role("treeitem", name="images").click(button="right")
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete folder").click()
    expect(page.get_by_role("treeitem", name="images")).to_have_count(0)
    page.get_by_role("button", name="Deleted files").click()
    dialog = page.get_by_role("dialog", name="Deleted files")
    expect(dialog).to_contain_text("Folder with 1 item")
    picture(page, "deleted-files")
    assert_accessible(page)
    dialog.get_by_role("button", name="Bring back images").click()
    expect(page.get_by_role("treeitem", name="images")).to_be_visible()
    assert "images/left.svg" in site.paths("dana", address)


def test_dropped_files_are_uploaded_and_taken_names_ask(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Dropping", {"a.js": "old\n"})
    page = open_page("dana", address)
    page.evaluate(DROP, [["a.js", "new\n"], ["שלום.txt", "hi"]])
    dialog = page.get_by_role("dialog", name="1 file already exists")
    picture(page, "upload-clash")
    assert_accessible(page)
    dialog.get_by_role("button", name="Keep both").click()
    expect(page.get_by_text("Uploaded 2 files.")).to_be_visible()
    assert site.paths("dana", address) == sorted(["a (2).js", "a.js", "שלום.txt"])
    page.evaluate(DROP, [["a.js", "newer\n"]])
    page.get_by_role("dialog").get_by_role("button", name="Overwrite 1 file").click()
    until(lambda: site.read("dana", address, "a.js") == b"newer\n", "the file to be overwritten")


def test_refused_names_are_listed_and_the_rest_is_uploaded(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Refusing")
    page = open_page("dana", address)
    page.evaluate(DROP, [["good.txt", "x"], ["nul.txt", "x"], ["also good.txt", "x"]])
    expect(page.get_by_text("Uploaded 2 files. 1 file was not uploaded:")).to_be_visible()
    expect(page.locator(".upload-errors")).to_contain_text("nul.txt")
    picture(page, "upload-errors")
    assert site.paths("dana", address) == ["also good.txt", "good.txt"]


def test_a_whole_folder_is_uploaded_with_what_is_in_it(
    site: Site, open_page: OpenPage, tmp_path: Path
) -> None:
    folder = tmp_path / "stimuli"
    for number in range(30):
        path = folder / f"set {number % 3}" / f"picture {number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG + bytes([number]))
    address = site.make_study("dana", "Folders")
    page = open_page("dana", address)
    page.get_by_role("button", name="Actions for the selected files").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Upload a folder…").click()
    chooser.value.set_files(folder)
    expect(page.get_by_text("Uploaded 30 files.")).to_be_visible()
    assert len(site.paths("dana", address)) == 30 + 3 + 1
    assert site.read("dana", address, "stimuli/set 1/picture 7.png") == PNG + bytes([7])


@pytest.mark.slow
def test_a_large_file_arrives_in_pieces_with_flat_memory(
    site: Site, open_page: OpenPage, tmp_path: Path
) -> None:
    megabytes = int(os.environ.get("MINNO_LARGE_UPLOAD_MB", "200"))
    large = tmp_path / "film.mp4"
    with large.open("wb") as stream:
        for number in range(megabytes):
            stream.write(number.to_bytes(4, "big") * (256 * 1024))
    address = site.make_study("dana", f"Large {megabytes}")
    page = open_page("dana", address)
    page.context.set_default_timeout(300_000)
    before = site.memory_bytes()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
        page.get_by_role("menuitem", name="Upload files…").click()
    chooser.value.set_files(large)
    expect(page.locator(".upload progress")).to_be_visible()
    expect(page.get_by_text("Uploaded 1 file.")).to_be_visible(timeout=300_000)
    assert site.memory_bytes() - before < 120 * 1024 * 1024
    answer = site.session("dana").get(f"{site.url}{address}raw/film.mp4?download", stream=True, timeout=60)
    with large.open("rb") as stream:
        for piece in answer.iter_content(1024 * 1024):
            assert piece == stream.read(len(piece))
        assert stream.read() == b""


def test_an_upload_outlives_a_broken_connection(site: Site, open_page: OpenPage, tmp_path: Path) -> None:
    large = tmp_path / "data.bin"
    large.write_bytes(os.urandom(20 * 1024 * 1024))
    address = site.make_study("dana", "Broken line")
    page = open_page("dana", address)
    broken: list[str] = []

    def cut(route: object) -> None:
        # The second piece is lost once on its way there, and its answer once on its way back.
        if "offset=8388608" in route.request.url and len(broken) < 2:  # type: ignore[attr-defined]
            broken.append(route.request.url)  # type: ignore[attr-defined]
            if len(broken) == 2:
                route.fetch()  # type: ignore[attr-defined]
            route.abort()  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    page.route("**/uploads/*", cut)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
        page.get_by_role("menuitem", name="Upload files…").click()
    chooser.value.set_files(large)
    expect(page.get_by_text("Uploaded 1 file.")).to_be_visible(timeout=120_000)
    assert len(broken) == 2
    assert site.read("dana", address, "data.bin") == large.read_bytes()


def test_an_empty_study_offers_the_ways_to_begin(site: Site, open_page: OpenPage, tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "task.js").write_text("lab")
    (tmp_path / "one.js").write_text("one")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("inside.js", "inside")

    def choose(page: Page, label: str, path: Path) -> None:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name=label).click()
        chooser.value.set_files(path)

    def begin(name: str, **looks: Any) -> tuple[str, Page]:
        address = site.make_study("dana", name)
        return address, open_page("dana", address, **looks)

    address, page = begin("Empty, files", locale="ar", width=360, dark=True)
    picture(page, "study-empty-360-dark-ar", whole=True)
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    address, page = begin("Empty, file by file")
    picture(page, "study-empty")
    assert_accessible(page)
    choose(page, "Choose files…", tmp_path / "one.js")
    expect(page.get_by_role("treeitem", name="one.js")).to_be_visible()
    expect(page.get_by_role("button", name="Choose files…")).to_be_hidden()
    page.get_by_label("Filter by name").fill("nothing like this")
    expect(page.get_by_text("No file or folder has this in its name.")).to_be_visible()
    expect(page.get_by_role("button", name="Choose files…")).to_be_hidden()

    address, page = begin("Empty, folder")
    choose(page, "Choose a folder…", tmp_path / "lab")
    expect(page.get_by_role("treeitem", name="lab")).to_be_visible()
    assert site.read("dana", address, "lab/task.js") == b"lab"

    address, page = begin("Empty, zip")
    choose(page, "Choose a zip to unpack…", tmp_path / "all.zip")
    page.get_by_role("button", name="Unpack", exact=True).click()
    expect(page.get_by_role("treeitem", name="inside.js")).to_be_visible()

    address, page = begin("Empty, new file")
    page.get_by_role("button", name="Create a file…").press("Enter")
    page.get_by_role("dialog").get_by_label("Name").fill("new.js")
    page.get_by_role("button", name="Create file").click()
    expect(page.get_by_role("treeitem", name="new.js")).to_be_visible()
    expect(page.locator(".cm-content")).to_be_focused()


def test_a_csv_is_shown_as_a_table_and_nothing_of_it_is_run(site: Site, open_page: OpenPage) -> None:
    evil = "<img src=x onerror=document.title='run'>"
    rows = "".join(f"{number};{number / 2}\n" for number in range(300))
    table = f'word;"reaction; time"\n{evil};"=1+1"\n{rows}'
    address = site.make_study("dana", "Tables", {"words.csv": table, "a.js": "a\n"})
    for width, looks in ((1180, {}), (360, {"dark": True, "locale": "he-IL"})):
        page = open_page("dana", f"{address}?file=words.csv", width=width, **looks)
        turn = page.locator("[data-table]")
        expect(turn).to_be_visible()
        turn.press("Enter")
        expect(turn).to_have_attribute("aria-pressed", "true")
        shown = page.locator(".table-preview")
        expect(shown.locator("thead th")).to_have_text(["#", "word", "reaction; time"])
        expect(shown.locator("tbody tr").first).to_contain_text(evil)
        expect(shown.locator("tbody tr")).to_have_count(200)
        expect(shown.locator("p")).to_contain_text("301")
        expect(shown.locator("img")).to_have_count(0)
        assert "run" not in page.title()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        picture(page, f"table-{width}")
        assert_accessible(page)
        turn.press("Enter")
        expect(page.locator(".cm-content")).to_contain_text("reaction; time")
        expect(shown).to_have_count(0)
    page = open_page("dana", f"{address}?file=words.csv")
    page.locator(".cm-content").press("Control+Home")
    page.keyboard.type("unsaved ")
    page.get_by_role("button", name="Show as a table").click()
    expect(page.locator(".table-preview thead")).to_contain_text("unsaved word")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_role("treeitem", name="a.js").click()
    expect(page.get_by_role("button", name="Show as a table")).to_be_hidden()


def test_pictures_pdfs_and_other_bytes_are_shown_or_offered(site: Site, open_page: OpenPage) -> None:
    pdf = Path(__file__).with_name("one-page.pdf")
    address = site.make_study(
        "dana", "Previews", {"dot.png": PNG, "data.bin": b"\0\1\2", "guide.pdf": pdf.read_bytes()}
    )
    page = open_page("dana", address)
    page.get_by_role("treeitem", name="dot.png").click()
    expect(page.get_by_text("1 × 1 pixels")).to_be_visible()
    page.get_by_role("treeitem", name="data.bin").click()
    expect(page.get_by_text("This file is not text")).to_be_visible()
    page.get_by_role("treeitem", name="guide.pdf").click()
    expect(page.locator("iframe[title='guide.pdf']")).to_be_visible()
    picture(page, "preview-pdf")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "guide.pdf"


def test_a_selection_is_downloaded_as_a_zip(site: Site, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("dana", site.make_study("dana", "Zips", FILES))
    page.get_by_role("treeitem", name="a.js").click()
    page.get_by_role("treeitem", name="images").click(modifiers=["Control"])
    page.get_by_role("button", name="Actions for the selected files").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download as zip").click()
    file = tmp_path / "got.zip"
    download.value.save_as(file)
    with zipfile.ZipFile(file) as archive:
        assert sorted(n for n in archive.namelist() if not n.endswith("/")) == ["a.js", "images/left.svg"]


def test_five_thousand_files_are_listed_in_good_time(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Many")
    site.python(
        "from minno_dashboard.studies.models import Study\n"
        "from minno_dashboard.files.models import Node, Tree\n"
        "from minno_dashboard.files import store\n"
        "from django.utils import timezone\n"
        "tree = Study.objects.get(public_id=sys.argv[1]).versions.get().tree\n"
        "blob = store.put(b'x')\n"
        "now = timezone.now()\n"
        "Node.objects.bulk_create(Node(tree=tree, name=f'file {n}.txt', name_key=f'file {n}.txt', blob=blob,"
        " revision=1, created_at=now, changed_at=now) for n in range(5000))\n"
        "Tree.objects.filter(pk=tree.pk).update(revision=1)",
        address.split("/")[2],
    )
    page = open_page("dana", address)
    expect(page.get_by_role("treeitem")).to_have_count(5000)
    drawn = page.evaluate(
        "() => { const start = performance.now(); document.querySelector('[role=treeitem]').click();"
        " return performance.now() - start; }"
    )
    assert drawn < 5000


def test_a_reader_sees_files_and_changes_nothing(site: Site, open_page: OpenPage) -> None:
    address = site.make_study("dana", "Shared", FILES)
    site.python(
        "from minno_dashboard.studies.models import Collaboration, Study\n"
        "from minno_dashboard.accounts.models import User\n"
        "from django.utils import timezone\n"
        "Collaboration.objects.create(study=Study.objects.get(public_id=sys.argv[1]),"
        " user=User.objects.get(username='noa'), file_access='read', status='accepted', invited_at=timezone.now())",
        address.split("/")[2],
    )
    page = open_page("noa", address)
    expect(page.get_by_text("View only").first).to_be_visible()
    page.get_by_role("treeitem", name="a.js").click(button="right")
    expect(page.get_by_role("menuitem", name="Download")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Delete")).to_have_count(0)
    picture(page, "study-reader")
    page.keyboard.press("Escape")
    page.keyboard.press("Delete")
    page.get_by_role("treeitem", name="a.js").click()
    expect(page.locator("[data-status]")).to_have_text("View only")


def test_the_line_between_the_panes_moves_with_keys(site: Site, open_page: OpenPage) -> None:
    page = open_page("dana", site.make_study("dana", "Splitting", FILES))
    line = page.get_by_role("separator", name="Width of the files")
    line.focus()
    page.keyboard.press("ArrowRight")
    expect(line).to_have_attribute("aria-valuenow", "296")
    page.reload()
    expect(line).to_have_attribute("aria-valuenow", "296")


def test_a_zip_is_unpacked_or_kept(site: Site, open_page: OpenPage) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("XXXX.js", "images/left.svg", "images/Thumbs.db"):
            archive.writestr(name, name)
    content = whole.getvalue().replace(b"XXXX", "שלום".encode("cp862"))
    given: FilePayload = {"name": "Task.zip", "mimeType": "application/zip", "buffer": content}
    address = site.make_study("dana", "Unpacking", {"images/right.svg": "<svg/>"})

    def choose(page: Page) -> Locator:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Upload", exact=True).click()
            page.get_by_role("menuitem", name="Upload a zip and unpack it…").click()
        chooser.value.set_files(given)
        return page.get_by_role("dialog", name="Unpack “Task.zip”?")

    page = open_page("dana", address)
    dialog = choose(page)
    expect(dialog.get_by_role("status")).to_contain_text("It holds 2 files")
    expect(dialog.get_by_role("status")).to_contain_text("1 system file is left out.")
    expect(dialog.get_by_text("שלום.js")).to_be_visible()
    picture(page, "unpack")
    assert_accessible(page)
    encoding = dialog.get_by_label("Encoding of the names")
    encoding.select_option(index=1)
    expect(dialog.get_by_text("שלום.js")).to_have_count(0)
    encoding.select_option("cp862")
    expect(dialog.get_by_text("שלום.js")).to_be_visible()
    dialog.get_by_role("button", name="Unpack", exact=True).click()
    expect(page.get_by_text("Unpacked “Task.zip”.")).to_be_visible()
    unpacked = ["Task", "Task/images", "Task/images/left.svg", "Task/שלום.js"]  # there are images already
    assert site.paths("dana", address) == [*unpacked, "images", "images/right.svg"]
    choose(page).get_by_role("button", name="Keep as one file").click()
    expect(page.get_by_text("Uploaded 1 file.")).to_be_visible()
    assert site.read("dana", address, "Task.zip") == content
    # What is no zip says so; a page from right to left, dark and narrow.
    given["buffer"] = b"not a zip"
    page = open_page("dana", address, width=360, dark=True)
    page.evaluate("document.documentElement.dir = 'rtl'")
    dialog = choose(page)
    expect(dialog.get_by_text("is not a complete zip file")).to_be_visible()
    expect(dialog.get_by_role("button", name="Unpack", exact=True)).to_be_disabled()
    picture(page, "unpack-refused")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
