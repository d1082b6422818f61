import subprocess
import sys

import pytest
import torch

from forward_forward import data
from forward_forward.data.dataset import Dataset, Split, batches, find, load, names
from forward_forward.errors import DataError, UsageError

NAMES = tuple("abc")


def make(images=None, labels=None, **changes):
    images = torch.rand(6, 4) if images is None else images
    labels = torch.arange(len(images)) % 3 if labels is None else labels
    split = Split(images, labels)
    parts = {"name": "toy", "classes": 3, "shape": (1, 2, 2), "class_names": NAMES}
    return Dataset(**{**parts, "train": split, "test": split, **changes})


def with_value(value, at=(2, 1)):
    images = torch.rand(6, 4)
    images[at] = value
    return images


def test_a_good_set_passes():
    dataset = make()
    assert len(dataset.train) == 6
    assert dataset.features == 4
    assert dataset.to("cpu").test.images.equal(dataset.test.images)


def test_one_image_and_one_class_pass():
    one = make(torch.zeros(1, 4), torch.zeros(1, dtype=torch.int64), classes=1, class_names=("a",))
    assert len(one.train) == 1


def test_columns_that_are_not_contiguous_pass():
    assert make(torch.rand(4, 6).T).train.images.shape == (6, 4)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_not_finite(value):
    images = with_value(value)
    images[4, 3] = value
    with pytest.raises(
        DataError,
        match=r"toy train: 2 values are NaN or infinite, the first at "
        r"image 2, pixel 1",
    ):
        make(images)


@pytest.mark.parametrize("value", [-0.01, 1.01, 255.0])
def test_a_value_outside_the_range(value):
    with pytest.raises(DataError, match=r"1 values are outside \[0, 1\].*image 2, pixel 1"):
        make(with_value(value))


def test_the_test_split_is_checked_too():
    split = Split(with_value(float("nan")), torch.zeros(6, dtype=torch.int64))
    with pytest.raises(DataError, match="toy test"):
        make(test=split)


@pytest.mark.parametrize("label", [-1, 3, 255])
def test_a_label_out_of_range(label):
    with pytest.raises(DataError, match=rf"outside 0 to 2 \({label}\), the first at index 1"):
        make(labels=torch.tensor([0, label, 1, 2, 0, 1]))


def test_many_labels_out_of_range_are_shortened():
    with pytest.raises(DataError, match=r"30 labels .*\(3, 4, 5, 6, 7, …\)"):
        make(torch.rand(30, 4), torch.arange(3, 33))


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (torch.rand(6, 4), torch.arange(5) % 3, "6 images but 5 labels"),
        (torch.rand(6, 5), None, "images have 5 values, the data set's shape has 4"),
        (torch.rand(0, 4), None, "empty"),
        (torch.rand(6, 4).double(), None, "float64"),
        (torch.zeros(6, 4, dtype=torch.uint8), None, "uint8"),
        (torch.rand(6, 2, 2), None, r"\[6, 2, 2\]"),
        (torch.rand(6, 4), torch.zeros(6), "labels are torch.float32"),
        (torch.rand(6, 4), torch.zeros(6, 1, dtype=torch.int64), r"\[6, 1\]"),
    ],
)
def test_a_wrong_form(images, labels, says):
    with pytest.raises(DataError, match=says):
        make(images, labels)


def test_without_labels():
    nothing = Split(torch.rand(6, 4), None)
    with pytest.raises(DataError, match="toy test: labels are a NoneType; give a tensor"):
        make(test=nothing)


@pytest.mark.parametrize("shape", [(2, 2), (4,), (1, -2, -2), (1, 1, 2, 2)])
def test_a_shape_of_other_than_three_sizes(shape):
    with pytest.raises(DataError, match=r"give \(channels, height, width\)"):
        make(shape=shape)


def test_class_names_must_fit():
    with pytest.raises(DataError, match="2 class names for 3 classes"):
        make(class_names=("a", "b"))


def test_images_without_pixels():
    with pytest.raises(DataError, match="empty"):
        make(torch.rand(6, 0), shape=(1, 0, 0))


@pytest.mark.parametrize(("size", "held_out"), [(60, 10), (1437, 240), (3, 1), (2, 1)])
def test_validation_holds_out_the_last_sixth(size, held_out):
    dataset = make(torch.rand(size, 4), test=Split(torch.ones(7, 4), torch.zeros(7).long()))
    validation = dataset.for_validation()
    assert validation.name == "toy/validation"
    assert len(validation.test) == held_out
    rejoined = torch.cat([validation.train.images, validation.test.images])
    assert rejoined.equal(dataset.train.images)


def test_validation_does_not_hold_the_test_set():
    dataset = make(test=Split(torch.ones(7, 4), torch.zeros(7).long()))
    validation = dataset.for_validation()
    test_memory = dataset.test.images.untyped_storage().data_ptr()
    for split in (validation.train, validation.test):
        assert split.images.untyped_storage().data_ptr() != test_memory


def test_one_image_cannot_be_held_out():
    with pytest.raises(DataError, match="empty"):
        make(torch.rand(1, 4)).for_validation()


def test_names_are_the_modules_that_can_be_read():
    assert {"digits", "mnist", "fashion_mnist"} <= set(names())
    assert not {"cifar", "idx", "dataset", "download", "location", "idx_dataset"} & set(names())
    assert names() == sorted(names())


@pytest.mark.parametrize("name", names())
def test_each_data_set_keeps_the_contract(name):
    module = find(name)
    assert module.SOURCE.startswith("http")
    assert module.__doc__
    names = getattr(module, "CLASS_NAMES", ())
    assert len(set(names)) == len(names)
    for sha256 in getattr(module, "FILES", {}).values():
        assert sha256 is None or len(bytes.fromhex(sha256)) == 32
    assert all(mirror.endswith("/") for mirror in getattr(module, "MIRRORS", ()))


@pytest.mark.parametrize("name", ["mnits", "dataset", "idx", "../mnist", ""])
def test_an_unknown_name(name):
    with pytest.raises(UsageError, match="no data set"):
        load(name)


def test_an_unknown_name_gets_a_hint():
    with pytest.raises(UsageError, match="did you mean 'mnist'"):
        load("mnits")


def test_the_package_re_exports():
    assert data.load is load
    assert data.Dataset is Dataset
    with pytest.raises(AttributeError, match="nothing"):
        _ = data.nothing


def test_listing_data_sets_imports_neither_torch_nor_sklearn():
    program = (
        "import sys; from forward_forward.data import dataset, download; dataset.names();"
        "assert not {'torch', 'sklearn', 'pooch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_batches_hold_each_image_once():
    drawn = torch.cat(list(batches(20, 5, seed=0, epoch=0)))
    assert drawn.dtype == torch.int64
    assert drawn.sort().values.equal(torch.arange(20))


def test_an_incomplete_last_batch_is_left_out():
    drawn = [batch.tolist() for batch in batches(23, 5, seed=0, epoch=0)]
    assert [len(batch) for batch in drawn] == [5] * 4
    assert len(set(sum(drawn, []))) == 20


def test_fewer_images_than_a_batch():
    (only,) = batches(3, 5, seed=0, epoch=0)
    assert sorted(only.tolist()) == [0, 1, 2]


def test_batches_depend_on_seed_and_epoch_alone():
    def order(seed, epoch):
        return torch.cat(list(batches(100, 10, seed, epoch))).tolist()

    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = order(1, 2)
    assert torch.get_rng_state().equal(before)
    assert order(1, 2) == first
    assert len({tuple(order(seed, epoch)) for seed in range(4) for epoch in range(4)}) == 16


@pytest.mark.parametrize(("size", "batch_size"), [(0, 4), (4, 0), (-1, 4), (4, -2)])
def test_batches_of_nothing(size, batch_size):
    with pytest.raises(UsageError, match="1 or more"):
        batches(size, batch_size, seed=0, epoch=0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_batches_are_the_same_on_a_gpu():
    here, there = batches(50, 10, 0, 0), batches(50, 10, 0, 0, device="cuda")
    for one, other in zip(here, there, strict=True):
        assert other.is_cuda
        assert one.equal(other.cpu())
