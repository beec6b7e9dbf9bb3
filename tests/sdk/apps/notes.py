"""What apps of the matrix have in common: they note what reaches them, and tell it."""

from collections import defaultdict
from typing import Any

from fastapi import APIRouter, Body, Request

router = APIRouter()
seen: dict[str, list[Any]] = defaultdict(list)


@router.get("/health")
async def health() -> dict[str, bool]:
    return {"well": True}


@router.post("/seen")
async def tell(name: str = Body(embed=True)) -> list[Any]:
    return seen[name]


@router.api_route("/echo", methods=["GET", "POST", "PUT", "DELETE"])
async def echo(request: Request) -> dict[str, Any]:
    return {"method": request.method, "query": request.url.query, "body": (await request.body()).decode()}


@router.post("/tick")
async def tick() -> None:
    seen["tick"].append("tick")


@router.post("/job/{name}")
async def job(name: str, data: Any = Body()) -> None:
    seen[f"job {name}"].append(data)
