from forward_forward.data import load


def test_the_official_set(real_mnist):
    dataset = load("mnist")
    assert (len(dataset.train), len(dataset.test)) == (60_000, 10_000)
    assert dataset.train.images.shape == (60_000, 784)
    assert dataset.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert abs(float(dataset.train.images.mean()) - 0.1307) < 1e-4
    validation = dataset.for_validation()
    assert (len(validation.train), len(validation.test)) == (50_000, 10_000)
    assert validation.test.images.equal(dataset.train.images[50_000:])
