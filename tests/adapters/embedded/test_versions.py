from hypothesis import given
from hypothesis import strategies as st

from syncd.adapters.embedded.versions import FLOORS, Product, Version, find_warning, is_better, parse_version


def make_redis(*numbers: int) -> Version:
    return Version(Product.REDIS, numbers)


def make_valkey(*numbers: int) -> Version:
    return Version(Product.VALKEY, numbers)


def test_the_lines_that_servers_print_are_parsed() -> None:
    assert parse_version("postgres (PostgreSQL) 18.6\n") == Version(Product.POSTGRES, (18, 6))
    assert parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n") == Version(
        Product.POSTGRES, (15, 18)
    )
    redis = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=d81b8ff71cfb150e\n"
    assert parse_version(redis) == make_redis(7, 0, 15)
    valkey = "Valkey server v=9.1.2 sha=00000000:1 malloc=libc bits=64 build=1536df31c0395150\n"
    assert parse_version(valkey) == make_valkey(9, 1, 2)


def test_a_line_of_another_program_is_no_version() -> None:
    assert parse_version("") is None
    assert parse_version("initdb (PostgreSQL) 18.6") is None
    assert parse_version("a Redis server v=8.6.3") is None


@given(st.sampled_from(Product), st.lists(st.integers(0, 99), min_size=2, max_size=3))
def test_what_a_version_prints_is_parsed_back(product: Product, numbers: list[int]) -> None:
    version = Version(product, tuple(numbers))
    printed = (
        f"postgres (PostgreSQL) {version.text}"
        if product is Product.POSTGRES
        else f"{product} server v={version.text} sha=0"
    )
    assert parse_version(printed) == version


def test_every_floor_is_safe_and_the_release_before_it_is_not() -> None:
    for product, floors in FLOORS.items():
        for floor in floors:
            assert find_warning(Version(product, floor)) is None
            *line, last = floor
            if last > 0:
                assert find_warning(Version(product, (*line, last - 1))) is not None


def test_a_line_without_a_fixed_release_is_warned_about_and_a_newer_one_is_not() -> None:
    assert (
        find_warning(make_redis(7, 0, 15))
        == "Redis 7.0.15 has known security holes: update it to Redis 8.6.3 or newer."
    )
    assert (
        find_warning(make_redis(6, 2, 14))
        == "Redis 6.2.14 has known security holes: update it to Redis 6.2.20 or newer."
    )
    assert find_warning(Version(Product.POSTGRES, (14, 30))) is not None
    assert find_warning(make_redis(8, 8, 0)) is None
    assert find_warning(make_valkey(9, 1, 2)) is None
    assert find_warning(Version(Product.POSTGRES, (19, 0))) is None


def test_a_newer_server_on_path_replaces_an_older_wheel() -> None:
    wheel = make_valkey(9, 1, 2)
    assert is_better(make_valkey(9, 1, 3), wheel)
    assert is_better(make_redis(8, 6, 3), wheel)
    assert not is_better(make_valkey(9, 1, 2), wheel)
    assert not is_better(make_valkey(9, 0, 4), wheel)


def test_an_unsafe_server_never_replaces_a_safe_one() -> None:
    assert not is_better(make_redis(8, 6, 2), make_valkey(9, 1, 2))
    assert not is_better(make_redis(7, 0, 15), make_valkey(9, 1, 2))
    assert is_better(make_valkey(8, 1, 4), make_redis(8, 0, 0))


versions = st.builds(Version, st.sampled_from((Product.REDIS, Product.VALKEY)), st.tuples(*[st.integers(0, 12)] * 3))


@given(versions, versions)
def test_of_two_servers_at_most_one_is_better(one: Version, other: Version) -> None:
    assert not (is_better(one, other) and is_better(other, one))
