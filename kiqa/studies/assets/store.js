// Answers are kept in an IndexedDB. In a localStorage they would not be safe: where a page asks for
// it while it is loaded anew, Chromium now and then gives it an empty one, which it then writes over.
let database = null, tabs = null, told = false;

function key(name) { return "kiqa-study " + study.id + " " + name; }
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
function entries(mode) { return database.transaction("answers", mode).objectStore("answers"); }
async function connect() {
  try {
    tabs = new BroadcastChannel(key(""));
    tabs.addEventListener("message", event => {
      if (who && event.data === who)
        complain("This study is also open in another tab, with the same participant. Close one " +
          "of them: each overwrites the answers of the other.");
    });
  } catch { /* such a browser does not warn of another tab */ }
  try {
    const request = indexedDB.open("kiqa-study", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("answers");
    database = await result(request);
  } catch (error) {
    complain("This browser keeps no answers for this page (" + error.message + "). You can take " +
      "part, but save the file before you close the page.");
  }
}
async function read(name) {
  try {
    const found = database && await result(entries("readonly").get(key(name)));
    if (found) return found;
  } catch (error) {
    complain("The answers kept in this browser cannot be read (" + error.message + ").");
  }
  return { answers: {}, unsaved: false };
}
function unkept(error) {
  if (told) return;  // once is enough: it would come back with every answer
  told = true;
  complain("This browser does not keep your answers (" + error.message + "). " +
    "Do not close this page before you have saved the file.");
}
function keep() {
  tabs?.postMessage(who);
  if (!database) return;
  try {
    const store = entries("readwrite");
    store.put({ answers, unsaved }, key(who));
    store.transaction.onabort = () => unkept(store.transaction.error);
    store.transaction.commit();  // before the page may be gone
  } catch (error) { unkept(error); }
}
async function forget() {
  try {
    if (database) await result(entries("readwrite").delete(key(who)));
  } catch (error) { complain(error.message); }
}
