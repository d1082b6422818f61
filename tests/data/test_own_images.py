"""Pictures of one's own, by class in folders or in arrays: read alike however they are kept, told of where broken."""

import numpy as np
import pytest
from PIL import Image

from forward_forward.data.image_file import read_images
from forward_forward.data.own import known_data, load_own
from forward_forward.data.own_images import shape_of
from forward_forward.data.picture import look_at, read_picture
from forward_forward.errors import DataError

CLASSES, EACH, SIDE = ("cat", "dog"), 5, 6
ORIENTATION = 0x0112


def pixels(label, number, channels=1, side=SIDE):
    draw = np.random.default_rng(100 * label + number)
    shape = (side, side) if channels == 1 else (side, side, channels)
    return draw.integers(0, 256, shape).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """A folder of grey pictures of two classes."""
    return write(tmp_path / "pets")


def write(root, channels=1, side=SIDE, parts=("",), kind="png"):
    for part in parts:
        for label, name in enumerate(CLASSES):
            (root / part / name).mkdir(parents=True)
            for number in range(EACH):
                picture = Image.fromarray(pixels(label, number, channels, side))
                picture.save(root / part / name / f"{number}.{kind}")
    return root


def told(path, **options):
    with pytest.raises(DataError) as error:
        load_own(path, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_folder_is_read_by_class(folder):
    data = load_own(folder)
    assert (data.class_names, data.shape, data.name) == (CLASSES, (1, SIDE, SIDE), "pets")
    assert (len(data.train), len(data.test)) == (8, 2)
    first = pixels(0, 0).reshape(-1) / np.float32(255)
    rows = data.train.images.tolist() + data.test.images.tolist()
    labels = data.train.labels.tolist() + data.test.labels.tolist()
    assert labels[rows.index(first.tolist())] == 0


def test_one_picture_in_colours_makes_all_of_them_so(folder):
    Image.fromarray(pixels(0, 0, 3)).save(folder / "cat" / "0.png")
    assert load_own(folder).shape == (3, SIDE, SIDE)


def test_sizes_are_to_be_alike_or_are_scaled(folder):
    odd = folder / "dog" / "3.png"
    Image.fromarray(pixels(0, 0, side=9)).save(odd)
    assert told(folder).startswith(f"{odd}: 9×9, most are 6×6; add --size N")
    data = load_own(folder, size=4)
    assert (data.shape, data.scaled) == ((1, 4, 4), True)
    assert read_images(odd, data.shape, scaled=True).shape == (1, 16)
    with pytest.raises(DataError, match="an image of 9×9; the model reads 4×4"):
        read_images(odd, data.shape)


def test_pictures_are_turned_as_the_camera_was_held(tmp_path):
    image = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6) * 10)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    path = tmp_path / "a.png"
    image.save(path, exif=exif)
    turned = read_images(path, (1, 6, 4)).reshape(6, 4) * 255
    assert turned.round().numpy().astype(int).tolist() == np.rot90(np.asarray(image), -1).tolist()


def test_sixteen_bits_are_not_cut_off(tmp_path):
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((2, 2), 32768, np.uint16)).save(path)
    assert read_images(path, (1, 2, 2)).unique().tolist() == pytest.approx([128 / 255])


def test_given_parts_and_other_files(tmp_path):
    root = write(tmp_path / "pets", parts=("train", "test"))
    (root / "train" / "cat" / "notes.txt").write_text("not a picture")
    (root / "train" / "cat" / ".hidden.png").write_text("not looked at")
    data = load_own(root)
    assert (len(data.train), len(data.test), data.class_names) == (10, 10, CLASSES)
    assert data.notes == ("not read: 1 files that are no pictures, such as notes.txt",)


@pytest.mark.parametrize(
    "parts", [("train",), ("train", "val"), ("train", "test", "valid"), ("Train", "Test")]
)
def test_parts_of_another_custom_are_not_taken_for_classes(tmp_path, parts):
    assert "names of parts, not of classes" in told(write(tmp_path / "pets", parts=parts))
    assert load_own(tmp_path / "pets" / parts[0]).class_names == CLASSES


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n\0\0"])
def test_a_broken_picture_is_named(folder, content):
    (folder / "dog" / "2.png").write_bytes(content)
    assert str(folder / "dog" / "2.png") in told(folder)


def test_a_picture_that_was_cut_off_is_named(folder):
    path = folder / "dog" / "2.png"
    path.write_bytes(path.read_bytes()[:50])
    assert str(path) in told(folder)


def test_folders_that_name_no_classes(tmp_path):
    assert "no picture; make a folder for each class" in told(tmp_path)
    Image.fromarray(pixels(0, 0)).save(tmp_path / "a.png")
    assert "a.png lies in no folder of a class" in told(tmp_path)
    (tmp_path / "a.png").unlink()
    root = write(tmp_path / "pets")
    for path in (root / "dog").iterdir():
        path.unlink()
    assert "one class alone, 'cat'" in told(root)


def test_the_data_a_model_learned_from_are_split_as_they_were_and_others_are_not(folder, tmp_path):
    data = load_own(folder)
    known = known_data(folder, None, data.shape, data.class_names, data.source)
    assert known.test.images.equal(data.test.images)
    other = write(tmp_path / "more")
    (other / "cat" / "0.png").unlink()
    assert len(known_data(other, None, data.shape, data.class_names, data.source).test) == 9
    (other / "dog").rename(other / "cow")
    with pytest.raises(DataError, match="does not know the class 'cow'"):
        known_data(other, None, data.shape, data.class_names, data.source)
    with pytest.raises(DataError, match="an image of 1×6×6; the model reads 7×7"):
        known_data(folder, None, (1, 7, 7), data.class_names)
    with pytest.raises(DataError, match="changed since it was learned"):
        (folder / "cat" / "0.png").unlink()
        data.source.found()


@pytest.mark.parametrize(
    ("shape", "read"),
    [
        ((10, 6, 5), (1, 6, 5)),
        ((10, 6, 5, 3), (3, 6, 5)),
        ((10, 3, 6, 5), (3, 6, 5)),
        ((10, 6, 5, 1), (1, 6, 5)),
        ((10, 36), (1, 6, 6)),
        ((10, 35), (1, 1, 35)),
    ],
)
def test_arrays_of_images_in_every_form(tmp_path, shape, read):
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    path = tmp_path / "a.npz"
    np.savez(path, images=images, labels=np.arange(10) % 2)
    data = load_own(path)
    assert (data.shape, data.class_names, len(data.test)) == (read, ("0", "1"), 2)
    assert read_images(path, read).shape == (10, data.features)
    np.savez(path, x=images / 255.0, y=["a", "b"] * 5)
    assert len(shape) == 2 or load_own(path).class_names == ("a", "b")


def test_arrays_that_are_no_images_are_told(tmp_path):
    path = tmp_path / "a.npz"
    images, labels = np.zeros((10, 4, 4)), np.arange(10) % 2
    for arrays, says in [
        ({"images": images}, "no labels"),
        ({"images": images + 2, "labels": labels}, "not in [0, 1]"),
        ({"images": images, "labels": labels[1:]}, "give one number or text for each"),
        ({"images": images, "labels": labels * np.nan}, "NaN"),
        ({"images": images, "labels": np.array([None] * 10)}, "Python objects"),
        ({"images": np.zeros((10, 2, 2, 2, 2)), "labels": labels}, "give (N, H, W)"),
        ({"images": images[:, :0], "labels": labels}, "no image in it"),
        (
            {"images": images, "labels": labels, "x_test": images, "y_test": labels + 1},
            "in the test part alone",
        ),
        ({"a": images, "b": labels}, "name the images `images`"),
        ({"images": images, "labels": labels * 0}, "one class alone"),
    ]:
        np.savez(path, **arrays)
        assert says in told(path)
    path.write_bytes(b"")
    assert "no array that can be read" in told(path)


def test_shapes_that_are_none():
    with pytest.raises(DataError, match="give"):
        shape_of("a.npz", np.zeros(3))


@pytest.mark.parametrize("read", [look_at, lambda path: read_picture(path, 1, (SIDE, SIDE))])
def test_a_picture_that_went_away_is_told_in_one_line(tmp_path, read):
    with pytest.raises(DataError, match=r"gone\.png: cannot be read \(No such file"):
        read(tmp_path / "gone.png")


def test_a_label_is_the_same_text_in_an_array_as_in_a_table(tmp_path):
    images = np.zeros((6, 4, 4), np.uint8)
    names = []
    for labels in (np.array(["3.00", "7.0"] * 3), np.array([3.0, 7.0] * 3), np.array([3, 7] * 3)):
        np.savez(tmp_path / "a.npz", images=images, labels=labels)
        names.append(load_own(tmp_path / "a.npz").class_names)
    assert names == [("3", "7")] * 3


def test_a_folder_one_level_too_high_is_told_which_one_is_meant(folder):
    assert f"give {folder}" in told(folder.parent)


def test_pictures_that_no_memory_holds_name_their_size(folder):
    assert "smaller --size" in told(folder, size=2**22)


def test_labels_for_a_test_without_images_are_told(tmp_path):
    images, labels = np.zeros((6, 4, 4), np.uint8), np.arange(6) % 2
    np.savez(tmp_path / "a.npz", x=images, y=labels, y_test=labels[:2])
    assert "`x_test`" in told(tmp_path / "a.npz")
