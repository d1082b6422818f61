from forward_forward.data import load


def test_the_official_set(real_fashion_mnist):
    dataset = load("fashion_mnist")
    assert (len(dataset.train), len(dataset.test)) == (60_000, 10_000)
    assert dataset.class_names[int(dataset.train.labels[0])] == "Ankle boot"
    assert dataset.test.labels.bincount().tolist() == [1000] * 10
