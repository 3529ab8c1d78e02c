from __future__ import annotations

import asyncio
import gc
import signal
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import CommandError
from django.utils.module_loading import import_string
from procrastinate.contrib.django import app
from procrastinate.contrib.django.management.commands import procrastinate
from procrastinate.exceptions import ConnectorException

from easymo.database.queue_connector import PatientConnector
from easymo.observability import streams
from easymo.observability.logs import get_logger

logger = get_logger(__name__)
# One message creates a few thousand objects, nearly all without cycles.
COLLECT_AFTER = 50_000
# Arguments that the library's command line adds to a worker's options.
NOT_OPTIONS = ("command", "func", "app", "log_format", "log_format_style", "log_level")


class Command(procrastinate.Command):
    help = "The queue: `worker` runs jobs until SIGTERM or Ctrl-C"

    def handle(self, *args: Any, **options: Any) -> None:
        """Run a worker that survives a database outage; other commands are the
        library's.
        """
        if options["command"] != "worker":
            super().handle(*args, **options)
            return
        wanted = {
            name: value
            for name, value in options.items()
            if name not in {*self._django_options, *NOT_OPTIONS}
        }
        streams.guard_process()
        for beginning in settings.WORKER_BEGINS:
            import_string(beginning)()
        # What is loaded now stays: no collection needs to look through it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER)
        connector = PatientConnector()
        with app.replace_connector(connector):
            try:
                uvloop.run(work(connector, wanted))
            except ConnectorException as error:
                raise CommandError(
                    "The worker lost its database and was told to stop."
                ) from error


async def work(connector: PatientConnector, options: dict[str, Any]) -> None:
    """Run until told to stop; give leases back within the grace time."""
    loop = asyncio.get_running_loop()
    asked_to_stop = asyncio.Event()
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                install_signal_handlers=False,
                # The library closes Django's connections around each job; our jobs
                # borrow one per unit of work only.
                task_middleware=[],
                **options,
            )
        )

        # Imported now: a new release may lie in the folder when the worker is stopped.
        endings = [import_string(function) for function in settings.WORKER_ENDS]
        loops = [loop.create_task(import_string(f)()) for f in settings.WORKER_LOOPS]

        def stop() -> None:
            if not asked_to_stop.is_set():
                asked_to_stop.set()
                try:
                    for ending in endings:
                        ending()
                finally:
                    connector.hurry()
                    worker.cancel()

        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop)
        try:
            await worker
        except asyncio.CancelledError:
            if not asked_to_stop.is_set():
                raise
        finally:
            for task in loops:
                task.cancel()
    if not asked_to_stop.is_set() and options.get("wait", True):
        raise CommandError("The worker ended by itself; its log says why.")
