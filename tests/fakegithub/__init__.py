"""A small honest GitHub: its REST answers, computed by git from real bare repositories.

async with open_fake_github() as fake:
    git = GitRepository.create(tmp_path / "handbook.git")
    git.add_commit({"docs/index.md": b"# Hello\n"})
    repository = await fake.add_repository("acme/handbook", git)
    ...                     # let the code under test talk to fake.url
    assert len(fake.requests) == 4
"""
