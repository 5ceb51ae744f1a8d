"""Opens the models that were chosen, if any were."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from syncd.adapters.models.asking import QueryReranker, open_query_embedder
from syncd.adapters.models.endpoint import Endpoint, open_session
from syncd.adapters.models.local import open_local_embedder
from syncd.adapters.models.remote import RemoteEmbedder, RemoteReranker
from syncd.core.meaning import Embedder, EmbedderChoice, Helpers, RerankerChoice

QUERY_CONNECTIONS = 8


@asynccontextmanager
async def open_embedder(choice: EmbedderChoice) -> AsyncIterator[Embedder]:
    """Open the embedder of *choice*. Raises `BadUsage` for a local one that is not installed."""
    if choice.url is None:
        async with open_local_embedder(choice) as embedder:
            yield embedder
        return
    async with open_session(connections=choice.concurrency) as session:
        yield RemoteEmbedder(
            session,
            Endpoint(choice.url, "SYNCD_EMBEDDINGS", choice.api_key),
            choice.model,
            query_prefix=choice.query_prefix,
            batch=choice.batch,
            concurrency=choice.concurrency,
        )


@asynccontextmanager
async def open_helpers(
    embedder: EmbedderChoice | None, reranker: RerankerChoice | None, *, monotonic: Callable[[], float]
) -> AsyncIterator[Helpers]:
    """Open what searches may ask of models, each within its deadline."""
    async with AsyncExitStack() as stack:
        queries = None
        if embedder is not None:
            opened = await stack.enter_async_context(open_embedder(embedder))
            queries = await stack.enter_async_context(
                open_query_embedder(opened, seconds=embedder.query_seconds, monotonic=monotonic)
            )
        passages = None
        if reranker is not None:
            session = await stack.enter_async_context(open_session(connections=QUERY_CONNECTIONS))
            endpoint = Endpoint(reranker.url, "SYNCD_RERANK", reranker.api_key)
            remote = RemoteReranker(session, endpoint, reranker.model, seconds=reranker.seconds)
            passages = QueryReranker(remote, seconds=reranker.seconds, monotonic=monotonic)
        yield Helpers(
            model=queries.model.key if queries else None,
            embed=queries.begin if queries else None,
            embeds_for=embedder.tenants if embedder else (),
            rerank=passages.rerank if passages else None,
            reranks_for=reranker.tenants if reranker else (),
            reranked=reranker.passages if reranker else 0,
        )
