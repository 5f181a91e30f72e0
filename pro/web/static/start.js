// A browser that can do all that phone.js needs gets the whole questionnaire in one document.
if ("replaceChildren" in Element.prototype && "noModule" in HTMLScriptElement.prototype && "keepalive" in Request.prototype)
  for (const field of document.querySelectorAll("[name=js]")) field.value = "1";
