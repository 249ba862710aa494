# Signs in with a QtWebEngine on the pages of server.js: `python webview.py ORIGIN`. The last line of the output tells what was seen.
import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")
os.environ.setdefault("QTWEBENGINE_CHROMIUM_FLAGS", "--no-sandbox --disable-gpu --no-zygote")
try:
    from PyQt5.QtCore import QCoreApplication, Qt, QTimer, QUrl

    QCoreApplication.setAttribute(Qt.AA_ShareOpenGLContexts)
    from PyQt5.QtWebEngineWidgets import QWebEnginePage, QWebEngineProfile
    from PyQt5.QtWidgets import QApplication
except ImportError:
    from PyQt6.QtCore import QTimer, QUrl
    from PyQt6.QtWebEngineCore import QWebEnginePage, QWebEngineProfile
    from PyQt6.QtWidgets import QApplication

ORIGIN = sys.argv[1]
# A page that is just being left gives nothing.
STATE = """JSON.stringify(document.title.startsWith("error") ? { step: document.title }
    : window.app && app.step !== "starts" ? { ...app, client: undefined, href: location.pathname + location.search } : null)"""

app = QApplication(sys.argv[:1])
profile = QWebEngineProfile()
page = QWebEnginePage(profile)
seen = {"product": profile.httpUserAgent()}


def until(expression, fits, then, rounds=1200):
    def look(value):
        value = json.loads(value) if isinstance(value, str) else None
        if value and fits(value):
            then(value)
        elif rounds > 0:
            QTimer.singleShot(50, lambda: until(expression, fits, then, rounds - 1))
        else:
            finish(f"waited in vain, last {value}")

    page.runJavaScript(expression, look)


def finish(failure=None):
    if failure:
        seen["failure"] = failure
    print(json.dumps(seen), flush=True)
    os._exit(0)


def sign_in(places):
    if not places:
        return finish()
    place, *rest = places
    page.load(QUrl(f"{ORIGIN}/{place}"))

    def begin(value):
        if value["step"] != "signed out":
            seen[place] = value
            return sign_in(rest)
        page.runJavaScript("void app.client.login()")
        until(STATE, lambda found: found.get("status") == "signed-in" or found["step"] != "signed out", used)

    def used(value):
        seen[place] = value
        page.runJavaScript("void app.client.logout().then(() => app.client.session()).then((it) => { app.after = String(it); })")
        until(STATE, lambda found: "after" in found, left)

    def left(value):
        seen[place]["after"] = value["after"]
        sign_in(rest)

    until(STATE, lambda found: f"/{place}" == found.get("href", f"/{place}"), begin)


QTimer.singleShot(0, lambda: sign_in(["module", "script"]))
QTimer.singleShot(180_000, lambda: finish("too slow"))
(app.exec_ if hasattr(app, "exec_") else app.exec)()
