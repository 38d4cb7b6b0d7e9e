// Stands in for MercadoPago.js V2: the calls that the shops of this folder make, and what they leave in a page.
// Written from the documentation of the SDK; nothing of it is the SDK's.
(() => {
  const FIELDS = 'https://secure-fields.mercadopago.com/';
  const API = 'https://api.mercadopago.com/v1/';
  const later = (value) => new Promise((resolve) => setTimeout(() => resolve(value), 30));
  const place = (id) => {
    const element = document.getElementById(id);
    if (!element) throw new Error(`Could not find the container with id ${id}`);
    return element;
  };
  const frame = (name, container) => {
    const made = document.createElement('iframe');
    made.name = name;
    made.src = FIELDS + name;
    container.append(made);
    return made;
  };
  const hidden = (form, name) => {
    const input = document.createElement('input');
    Object.assign(input, { type: 'hidden', id: name, name });
    form.append(input);
  };

  class Brick {
    constructor(parts) { this.parts = parts; }
    unmount() { this.parts.forEach((part) => part.remove()); }
    update() { return true; }
  }

  const bricks = {
    cardPayment: (box) => ['cardNumber', 'expirationDate', 'securityCode'].map((name) => frame(name, box)),
    payment: (box) => {
      const choice = document.createElement('section');
      choice.innerHTML = '<label><input type="radio" name="payment-option"> Tarjeta</label><label><input type="radio" name="payment-option"> Efectivo</label>';
      box.append(choice);
      return [choice, ...['cardNumber', 'expirationDate', 'securityCode'].map((name) => frame(name, box))];
    },
    wallet: (box, settings) => {
      const id = settings.initialization && settings.initialization.preferenceId;
      if (!id) throw new Error('preferenceId');
      const button = document.createElement('button');
      button.textContent = 'Pagar con Mercado Pago';
      button.onclick = () => { location.href = `https://www.mercadopago.com.ar/checkout/v1/redirect?preference-id=${id}`; };
      box.append(button);
      return [button];
    },
    statusScreen: (box) => {
      const said = document.createElement('p');
      said.textContent = 'Listo, se acreditó tu pago';
      box.append(said);
      return [said];
    },
  };

  window.MercadoPago = class {
    constructor(key, options) {
      if (!key) throw new Error('Your public key is required');
      this.key = key;
      this.options = options || {};
      fetch(`https://api.mercadopago.com/v1/payment_methods/search?public_key=${key}`).catch(() => {});
      this.fields = {
        create: (name) => {
          let made;
          const field = {
            mount: (id) => { made = frame(name, place(id)); return field; },
            unmount: () => made && made.remove(),
            on: () => field,
            focus: () => field,
          };
          return field;
        },
        createCardToken: () => later({ id: 'token-of-the-stand-in' }),
      };
    }
    bricks() {
      return {
        create: async (name, id, settings) => {
          await later();
          const parts = bricks[name](place(id), settings);
          const { onReady } = settings.callbacks || {};
          if (onReady) onReady();
          return new Brick(parts);
        },
      };
    }
    cardForm({ form, iframe, callbacks }) {
      const holder = place(form.id);
      hidden(holder, 'MPHiddenInputToken');
      hidden(holder, 'MPHiddenInputPaymentMethod');
      if (iframe) ['cardNumber', 'expirationDate', 'securityCode'].forEach((name) => frame(name, place(form[name].id)));
      if (form.installments) place(form.installments.id).innerHTML = '<option value="1">1 cuota de $ 100,50 ($ 100,50)</option>';
      holder.addEventListener('submit', (event) => callbacks.onSubmit && callbacks.onSubmit(event));
      later().then(() => callbacks.onFormMounted && callbacks.onFormMounted());
      return { getCardFormData: () => ({ token: 'token-of-the-stand-in' }), createCardToken: () => later({}), unmount() {} };
    }
    getIdentificationTypes() { return fetch(`${API}identification_types?public_key=${this.key}`).then((answer) => answer.json()); }
    getPaymentMethods() { return later({ results: [] }); }
    getIssuers() { return later([]); }
    getInstallments() { return later([]); }
    createCardToken() { return later({ id: 'token-of-the-stand-in' }); }
  };
})();
