"""A service as the usual FastAPI template has it: synchronous ORM, `def` endpoints, a user read each time.

It answers on the tables of users and items with the same shapes as ours: python -m benchmarks.peers.template,
with DATABASE_URL and SECRET_KEY in the environment and the listening socket as descriptor 0.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlmodel import Field, Session, SQLModel, col, create_engine, func, select

ALGORITHM = "HS256"
engine = create_engine(os.environ.get("DATABASE_URL", "postgresql+psycopg://"), pool_size=10)
app = FastAPI()


class User(SQLModel, table=True):
    __tablename__ = "users"
    __table_args__ = {"schema": "users"}
    id: uuid.UUID = Field(primary_key=True)
    email: str
    full_name: str | None
    is_active: bool
    is_superuser: bool


class NewItem(SQLModel):
    title: str = Field(min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=255)


class ItemOut(NewItem):
    id: uuid.UUID
    owner_id: uuid.UUID
    created_at: datetime


class ItemsOut(SQLModel):
    data: list[ItemOut]
    count: int


class Item(NewItem, table=True):
    __tablename__ = "items"
    __table_args__ = {"schema": "items"}
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    owner_id: uuid.UUID
    created_at: datetime = Field(default_factory=lambda: datetime.now().astimezone())


def _session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


SessionHere = Annotated[Session, Depends(_session)]
Token = Annotated[str, Depends(OAuth2PasswordBearer("/login/access-token"))]


def _user(session: SessionHere, token: Token) -> User:
    try:
        claims = jwt.decode(token, os.environ["SECRET_KEY"], algorithms=[ALGORITHM])
    except jwt.InvalidTokenError as error:
        raise HTTPException(403, "Could not validate credentials") from error
    user = session.get(User, uuid.UUID(claims["sub"]))
    if user is None:
        raise HTTPException(404, "User not found")
    if not user.is_active:
        raise HTTPException(400, "Inactive user")
    return user


CurrentUser = Annotated[User, Depends(_user)]


@app.get("/api/v1/items/")
def read_items(session: SessionHere, user: CurrentUser, skip: int = 0, limit: int = 100) -> ItemsOut:
    mine = [] if user.is_superuser else [Item.owner_id == user.id]
    count = session.exec(select(func.count()).select_from(Item).where(*mine)).one()
    newest = select(Item).where(*mine).order_by(col(Item.created_at).desc()).offset(skip).limit(limit)
    return ItemsOut.model_validate({"data": session.exec(newest).all(), "count": count}, from_attributes=True)


@app.get("/api/v1/items/{item_id}", response_model=ItemOut)
def read_item(session: SessionHere, user: CurrentUser, item_id: uuid.UUID) -> Item:
    item = session.get(Item, item_id)
    if item is None:
        raise HTTPException(404, "Item not found")
    if not user.is_superuser and item.owner_id != user.id:
        raise HTTPException(403, "Not enough permissions")
    return item


@app.post("/api/v1/items/", response_model=ItemOut)
def create_item(session: SessionHere, user: CurrentUser, new: NewItem) -> Item:
    item = Item.model_validate(new, update={"owner_id": user.id})
    session.add(item)
    session.commit()
    session.refresh(item)
    return item


if __name__ == "__main__":
    uvicorn.run(app, fd=0, log_level="warning")
