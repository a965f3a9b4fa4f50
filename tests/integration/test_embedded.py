from hub.store.database import Database


def test_database_when_fresh_then_has_the_schema(db: Database) -> None:
    assert db.one("select count(*) from event") == (0,)


def test_database_when_another_test_wrote_then_sees_nothing(db: Database) -> None:
    db.execute("insert into connection (name, connector) values ('a', 'webhook')")
    assert db.one("select count(*) from connection") == (1,)


def test_redis_url_when_asked_then_answers(redis_url: str) -> None:
    from redis import Redis

    with Redis.from_url(redis_url) as client:
        assert client.ping()
