"""Which folder is meant: a name as it stands, or a use such as "\\Junk" whatever the server calls it."""

import unicodedata
from collections.abc import Iterable

from watcher.mailboxes import MailboxError, Trouble

# For servers that don't mark their folders: what mail programs and providers call them.
_NAMES = {
    "\\junk": (
        "Junk", "Spam", "Junk E-mail", "Junk-E-Mail", "Junk Mail", "Junk Email", "Bulk Mail", "Bulk",
        "Spamverdacht", "Unerwünscht", "Werbung", "Courrier indésirable", "Indésirables", "Pourriel",
        "Correo no deseado", "Correo basura", "No deseado", "Posta indesiderata", "Indesiderata", "Lixo",
        "Lixo Eletrônico", "Lixo Eletrónico", "Correio eletrônico não solicitado", "Ongewenste e-mail",
        "Ongewenst", "Ongewenste reclame", "Skräppost", "Søppelpost", "Uønsket e-post", "Uønsket mail",
        "Roskaposti", "Niechciane", "Wiadomości-śmieci", "Nevyžádaná pošta", "Nevyžiadaná pošta",
        "Levélszemét", "Спам", "Нежелательная почта", "Небажана пошта", "Ανεπιθύμητη αλληλογραφία",
        "Önemsiz", "Önemsiz E-posta", "Gereksiz", "İstenmeyen", "דואר זבל", "البريد غير الهام",
        "迷惑メール", "スパム", "정크 메일", "스팸", "스팸메일함", "垃圾邮件", "垃圾郵件",
    ),
    "\\trash": ("Trash", "Deleted Items", "Deleted Messages", "Papierkorb", "Corbeille", "Papelera"),
    "\\archive": ("Archive", "Archiv", "Archives", "Archivo", "Arquivo"),
    "\\all": ("[Gmail]/All Mail", "[Google Mail]/All Mail"),
    "\\sent": ("Sent", "Sent Items", "Sent Messages", "Gesendet", "Enviados"),
}  # fmt: skip


def resolve(wanted: str, folders: Iterable[tuple[tuple[bytes, ...], str]], account: str, where: str) -> str:
    """Return the real name of `wanted`, a special-use flag, among (flags, name) pairs.

    The server's own mark comes first, then the usual names. Raises `MailboxError` (folder) with what
    there is instead.
    """
    known = list(folders)
    for flags, name in known:
        if wanted.lower() in {flag.decode("ascii", "replace").lower() for flag in flags}:
            return name
    usual = {_plain(name) for name in _NAMES.get(wanted.lower(), ())}
    for _, name in known:
        if {_plain(name), _plain(_last(name))} & usual:
            return name
    raise missing(wanted, (name for _, name in known), account, where)


def missing(wanted: str, names: Iterable[str], account: str, where: str) -> MailboxError:
    """Return the error for a folder that is not there, naming those that are."""
    some = sorted(names)
    there = ", ".join(some[:12]) + (", ..." if len(some) > 12 else "")
    return MailboxError(
        f"There is no folder {wanted} on {where}.",
        f"Set `folders` of account {account} to names that exist: {there or 'none is listed'}.",
        permanent=True,
        kind=Trouble.FOLDER,
    )


def _last(name: str) -> str:
    # The separator is "/" or "." nearly everywhere; a name that holds one itself matches as a whole.
    return name.replace(".", "/").rsplit("/", 1)[-1]


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
