"""The things that tests lean on hold by themselves."""

from __future__ import annotations

import psycopg


def test_the_throwaway_postgresql_answers_and_keeps_what_it_is_told(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("create table kept (word text)")
        connection.execute("insert into kept values ('durable')")
        connection.commit()
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("select word from kept").fetchone() == ("durable",)
        assert int(connection.info.parameter_status("server_version").split(".")[0]) >= 15
