"""The Graph API's answers about a number, a token and a WhatsApp account.

developers.facebook.com/documentation/business-messaging/whatsapp/permissions
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.graph_rules import RefusedError

if TYPE_CHECKING:
    from tests.fakes.graph_rules import Json

VERSION = "v26.0"
WABA = "102289599326934"
APP = "670843887433847"
PHONE_FIELDS = {
    "id",
    "verified_name",
    "code_verification_status",
    "quality_rating",
    "display_phone_number",
    "status",
    "health_status",
}


@dataclass
class Account:
    """The state that Meta reports."""

    phone_number_id: str
    number: dict[str, Any] = field(
        default_factory=lambda: {
            "verified_name": "Easymo",
            "code_verification_status": "VERIFIED",
            "quality_rating": "GREEN",
        }
    )
    scopes: list[str] = field(
        default_factory=lambda: [
            "whatsapp_business_management",
            "whatsapp_business_messaging",
        ]
    )
    # Seconds since 1970; 0 is never.
    expires_at: int = 0
    subscribed: list[str] = field(default_factory=lambda: [APP])
    templates: dict[str, str] = field(default_factory=dict)
    # Older installations cannot inspect a token.
    tells_of_tokens: bool = True

    def answer(self, path: str, *, token: str) -> Json:
        """Answer a GET, or refuse it as Meta would."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path.strip("/").split("/"):
            case [found, "debug_token"] if found == VERSION:
                return self._token(query, token)
            case [found, node] if (found, node) == (VERSION, self.phone_number_id):
                return self._number(query)
            case [found, node, "subscribed_apps"] if (found, node) == (VERSION, WABA):
                self._need("whatsapp_business_management")
                return {"data": [self._app(one) for one in self.subscribed]}
            case [found, node, "message_templates"] if (found, node) == (VERSION, WABA):
                self._need("whatsapp_business_management")
                return self._templates(query)
            case [found, node] if found == VERSION and node.isdigit():
                message = (
                    f"Unsupported get request. Object with ID '{node}' does not exist"
                )
                raise RefusedError(100, message)
        raise RefusedError(2500, "Unknown path components", 404)

    def _number(self, query: dict[str, str]) -> Json:
        self._need("whatsapp_business_messaging")
        wanted = set(query.get("fields", "id").split(","))
        if unknown := wanted - PHONE_FIELDS:
            raise RefusedError(100, f"Tried accessing nonexisting field {unknown}")
        everything = {"id": self.phone_number_id, **self.number}
        return {name: everything[name] for name in wanted if name in everything}

    def _token(self, query: dict[str, str], token: str) -> Json:
        if not self.tells_of_tokens:
            raise RefusedError(100, "(#100) You must provide an app access token", 400)
        if query.get("input_token") != token:
            return {"data": {"is_valid": False, "scopes": []}}
        granular = [{"scope": one, "target_ids": [WABA]} for one in self.scopes]
        return {
            "data": {
                "app_id": APP,
                "type": "SYSTEM_USER",
                "is_valid": True,
                "expires_at": self.expires_at,
                "scopes": [*self.scopes, "public_profile"],
                "granular_scopes": granular,
            }
        }

    def _templates(self, query: dict[str, str]) -> Json:
        wanted = query.get("status")
        return {
            "data": [
                {"name": name, "status": status, "id": str(number)}
                for number, (name, status) in enumerate(self.templates.items())
                if wanted in {None, status}
            ]
        }

    def _app(self, app: str) -> Json:
        told = {"id": app, "name": "Easymo", "link": "https://www.facebook.com/games"}
        return {"whatsapp_business_api_data": told}

    def _need(self, scope: str) -> None:
        if scope not in self.scopes:
            raise RefusedError(200, f"Missing permission {scope}", 403)
